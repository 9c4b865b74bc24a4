"""Sources of bars: the closed bars from which those of longer intervals are folded. Pure.

Ingest closes bars of a second and of a minute. A feed may send hours and days of its own as well.
Weeks are folded from days as they are shown, of whichever source each is.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from tickfire.base.calendar.bounds import Bounds, bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.store.schema import DAY_S, HOUR_S, INTERVALS_S, MINUTE_S, WEEK_S

SOURCES_S: Final = (1, MINUTE_S, HOUR_S, DAY_S)
"""Intervals of the bars in the streams, in seconds. Nothing is folded from seconds: ingest folds
them into minutes."""

DAYS_PER_WEEK: Final = 7


def is_source(interval_s: int) -> bool:
    """Return whether the streams have bars of an interval."""
    return interval_s in SOURCES_S


@cache
def sources_of(interval_s: int) -> tuple[int, ...]:
    """Return the intervals of the bars from which those of an interval are made, shortest first.

    >>> sources_of(1), sources_of(900), sources_of(86_400)
    ((1,), (60,), (60, 3600, 86400))
    """
    if interval_s < MINUTE_S:
        return (interval_s,)
    return tuple(s for s in SOURCES_S[1:] if interval_s % s == 0)


@cache
def longer_than(source_s: int) -> tuple[int, ...]:
    """Return the longer intervals whose bars are folded from those of a source and kept.

    >>> longer_than(1), longer_than(3600)
    ((), (86400,))
    """
    kept = (s for s in INTERVALS_S.values() if s != WEEK_S)
    return tuple(s for s in kept if s > source_s and source_s in sources_of(s))


def source_bounds(interval_s: int, source_s: int, hours: TradingHours) -> Bounds:
    """Return the bounds of the bars that are folded from those of a source.

    The days that a feed made itself are named already, by the days of UTC.
    """
    return bounds_of(interval_s, ALWAYS if source_s == DAY_S else hours)
