"""History of a symbol over the instruments that it stood for, joined at the bounds of mappings.

A continuous symbol such as ``ES.c.0`` moves from instrument to instrument, and an instrument may be
given another symbol. A bar belongs to the instrument that the symbol stood for at the bar's start;
a longer bar that a bound divides is folded from the minutes on both sides. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from tickfire.base.calendar.bounds import Bounds, mondays_of, week_after
from tickfire.server.market.candles.candles import LIMIT, Candles
from tickfire.server.market.candles.series import COLUMNS, SPARE, START, Bars, fold, overlaid
from tickfire.server.market.candles.sources import DAYS_PER_WEEK
from tickfire.store.mappings import EVER
from tickfire.store.schema import DAY_S, MINUTE_S, WEEK_S


class Span(NamedTuple):
    """A range of time in which a symbol stands for the instrument of a slot.

    Attributes
    ----------
    slot : int
    start, end : int
        In ns since the Unix epoch; `end` is exclusive.
    """

    slot: int
    start: int
    end: int


type Track = tuple[Span, ...]
"""The spans of one symbol, in order and without overlap."""

NO_BARS: Final = np.zeros((0, COLUMNS), np.int64)


def clipped(bars: Bars, span: Span, bounds: Bounds) -> Bars:
    """Return the bars that begin within a span."""
    begin, end = (_first_from(bars, time, bounds) for time in (span.start, span.end))
    return bars[begin:end]


def _first_from(bars: Bars, time: int, bounds: Bounds) -> int:
    """Return the index of the first bar that does not begin before a time."""
    if not 0 < time < EVER:
        return len(bars) if time else 0
    start = bounds.start_of(time)
    is_divided = bounds.begin(start) != time
    return int(np.searchsorted(bars[:, START], start, "right" if is_divided else "left"))


def history(candles: Candles, track: Track, interval_s: int, limit: int) -> Bars:
    """Return int64[n <= limit, COLUMNS]: the newest bars, oldest first, and the running one."""
    if len(track) == 1 and not track[0].start:
        (span,) = track
        bounds = candles.bounds(span.slot, interval_s)
        return clipped(candles.history(span.slot, interval_s, limit), span, bounds)
    return before(candles, track, interval_s, track[-1].end, limit)


def before(candles: Candles, track: Track, interval_s: int, time: int, limit: int) -> Bars:
    """Return int64[n <= limit, COLUMNS]: the newest kept bars that start before a time (ns)."""
    if interval_s == WEEK_S:
        end = time if time >= EVER else week_after(time)
        days = before(candles, track, DAY_S, end, limit * DAYS_PER_WEEK)
        return fold(days, mondays_of(days[:, START]))[-limit:]
    parts = []
    for span in track:
        bounds = candles.bounds(span.slot, interval_s)
        end = time if span.end >= EVER else min(time, bounds.start_of(span.end) + 1)
        # One of them may begin at the end of the span, and is not of it.
        bars = candles.before(span.slot, interval_s, end, limit + 1)
        parts.append(clipped(bars, span, bounds)[-limit:])
    joined = np.concatenate([NO_BARS, *parts])
    bounds = candles.bounds(track[-1].slot, interval_s)
    if interval_s > MINUTE_S and (divided := _divided(track, bounds)):
        end = time if time >= EVER else bounds.begin(time)
        minutes = before(candles, track, MINUTE_S, end, LIMIT + SPARE)
        whole = fold(minutes, bounds.starts_of(minutes[:, START]))
        joined = overlaid([joined, whole[np.isin(whole[:, START], divided)]])
    return joined[-limit:]


def has_before(candles: Candles, track: Track, interval_s: int, time: int) -> bool:
    """Return whether a bar that is kept starts before a time, in ns since the Unix epoch."""
    return len(before(candles, track, interval_s, time, 1)) > 0


def is_truncated(candles: Candles, track: Track, interval_s: int) -> bool:
    """Return whether older bars were dropped because of the limit."""
    return any(candles.is_truncated(span.slot, interval_s) for span in track)


def _divided(track: Track, bounds: Bounds) -> list[int]:
    """Return the starts of the bars that a bound of the track divides."""
    times = [span.start for span in track if span.start] + [span.end for span in track[:-1]]
    starts = map(bounds.start_of, times)
    return [start for start, time in zip(starts, times, strict=True) if bounds.begin(start) != time]
