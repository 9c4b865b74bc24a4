"""Bars that are no longer in Redis, from the files of an archive.

Files are read from the newest day on that has any of the symbol, and no more of them than a page
needs or one request may open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple, Protocol

import numpy as np

from tickfire.base.calendar.bounds import DAY_NS, Bounds, monday_of, mondays_of, week_after
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.units import NS_PER_S
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import COLUMNS, START, Bars, fold, overlaid
from tickfire.server.market.candles.sources import source_bounds, sources_of
from tickfire.store.schema import DAY_S, WEEK_S, Rows

MAX_WORK: Final = 1_000
"""Files that are opened, and days that are looked into, for one page."""
MAX_STEP_DAYS: Final = 64
"""Days that are read at a time at most."""
NONE: Final = np.zeros((0, COLUMNS), np.int64)


class BarFiles(Protocol):
    """The files of the bars of one symbol."""

    def days(self, until: int) -> Iterator[tuple[int, int]]:
        """Yield the days up to that of a time, the newest first, with the number of their files.

        A day is its midnight, in ns since the Unix epoch.
        """

    def bars(self, intervals_s: Sequence[int], begin: int, end: int) -> list[Rows]:
        """Return the pieces of bars; see `tickfire.archive.reading`."""


class Older(NamedTuple):
    """Bars before a time.

    Attributes
    ----------
    bars : int64[n, COLUMNS]
        Oldest first.
    more : bool
        True if there may be older ones.
    reached : int
        The time, in ns since the Unix epoch, before which to go on for them.
    """

    bars: Bars
    more: bool
    reached: int


def bars_before(
    files: BarFiles,
    interval_s: int,
    before: int,
    limit: int,
    hours: TradingHours,
    most: int = MAX_WORK,
) -> Older:
    """Return the newest bars that start before a time. Blocking.

    There may be fewer than `limit`, or none, although there are more.

    Parameters
    ----------
    files : BarFiles
    interval_s : int
        The usual length of a bar, in seconds.
    before : int
        In ns since the Unix epoch.
    limit : int
        The maximum number of bars.
    hours : TradingHours
    most : int
        The work after which no other files are opened.
    """
    end = week_after(before) if interval_s == WEEK_S else before
    found, count = [NONE], 0
    days = files.days(end + DAY_NS)
    for begin, work in _begins(days, interval_s, end, limit, most):
        bars = _between(files, interval_s, begin, end, hours)
        found.insert(0, bars)
        count, end = count + len(bars), begin
        if count > limit:
            newest = np.concatenate(found)[-limit:]
            return Older(newest, True, int(newest[0, START]))
        if begin and work >= most:
            return Older(np.concatenate(found), True, begin)
    return Older(np.concatenate(found), False, 0)


def _begins(
    days: Iterable[tuple[int, int]], interval_s: int, before: int, limit: int, most: int
) -> Iterator[tuple[int, int]]:
    """Yield the times from which to read, ever more days at once, 0 at last, with the work so far.

    Each is the midnight of a day, or of the Monday of a week, but for the first one: of the newest
    day, a part may do.
    """
    enough = before - 2 * limit * interval_s * NS_PER_S
    enough -= enough % (interval_s * NS_PER_S)
    work, held, size = 0, 0, 1
    for begin, own in groupby(days, lambda day: _unit(day[0], interval_s)):
        for _, count in own:
            work += 1 + count
            held += count > 0 and begin < before
        if held and size == 1 and begin < enough < begin + DAY_NS and interval_s < DAY_S:
            yield enough, 0
        if begin < before and (held >= size or work >= most):
            yield begin, work
            held, size = 0, min(2 * size, MAX_STEP_DAYS)
    yield 0, work


def _unit(day: int, interval_s: int) -> int:
    return monday_of(day) if interval_s == WEEK_S else day


def _between(
    files: BarFiles, interval_s: int, begin: int, before: int, hours: TradingHours
) -> Bars:
    """Return the bars that start in a range of time."""
    if interval_s == WEEK_S:
        days = _between(files, DAY_S, begin, before, hours)
        return fold(days, mondays_of(days[:, START]))
    sources = sources_of(interval_s)
    bounds = {source: source_bounds(interval_s, source, hours) for source in sources}
    length = interval_s * NS_PER_S  # starts of days, which are their names, are multiples of it
    names = begin // length * length, (before - 1) // length * length
    first = min(each.begin(names[0]) for each in bounds.values())
    end = max(each.end(names[1]) for each in bounds.values())
    epochs = files.bars(sources, first, end)
    layers = [_layer(epochs, source, bounds[source], first) for source in sources]
    joined = overlaid(layers)
    kept = (joined[:, START] >= begin) & (joined[:, START] < before)
    result: Bars = joined[kept]
    return result


def _layer(epochs: list[Rows], source_s: int, bounds: Bounds, first: int) -> Bars:
    """Return the bars folded from those of one source; of one time, those of the latest epoch."""
    layers = [NONE]
    for pieces in epochs:
        groups = [g.bars for g in whole_bars(pieces[pieces["interval_s"] == source_s])]
        bars = np.concatenate([NONE, *groups])
        bars = bars[bars[:, START] >= first]
        bars = bars[np.argsort(bars[:, START], kind="stable")]
        layers.append(fold(bars, bars[:, START]))  # a symbol may have stood for two instruments
    whole = overlaid(layers)
    return fold(whole, bounds.starts_of(whole[:, START])) if len(whole) else NONE
