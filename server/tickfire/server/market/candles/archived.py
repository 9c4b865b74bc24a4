"""Bars that are no longer in Redis, from the files of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from tickfire.base.calendar.bounds import Bounds, mondays_of, week_after
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.units import NS_PER_S
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import COLUMNS, START, Bars, fold, overlaid
from tickfire.server.market.candles.sources import DAYS_PER_WEEK, source_bounds, sources_of
from tickfire.store.schema import DAY_S, WEEK_S, Rows

GROWTH: Final = 4
"""Factor by which the range of time grows that is read, until it has enough bars."""
NONE: Final = np.zeros((0, COLUMNS), np.int64)


class BarFiles(Protocol):
    """The files of an archive, as far as bars are read from them."""

    def oldest(self) -> int | None:
        """Return the first time of the bars, in ns since the Unix epoch, None without any."""

    def bars(
        self, feed: int, symbol: str, intervals_s: Sequence[int], begin: int, end: int
    ) -> list[Rows]:
        """Return the pieces of bars; see `tickfire.archive.reading`."""


def bars_before(
    files: BarFiles,
    feed: int,
    symbol: str,
    interval_s: int,
    before: int,
    limit: int,
    hours: TradingHours,
) -> tuple[Bars, bool]:
    """Return the newest bars that start before a time, and whether there are older ones. Blocking.

    Parameters
    ----------
    files : BarFiles
    feed : int
    symbol : str
        As the feed has it.
    interval_s : int
        The usual length of a bar, in seconds.
    before : int
        In ns since the Unix epoch.
    limit : int
        The maximum number of bars.
    hours : TradingHours

    Returns
    -------
    bars : int64[n <= limit, COLUMNS]
        Oldest first.
    more : bool
    """
    if interval_s == WEEK_S:
        end = week_after(before)
        count = (limit + 1) * DAYS_PER_WEEK
        days, more = bars_before(files, feed, symbol, DAY_S, end, count, hours)
        weeks = fold(days, mondays_of(days[:, START]))[int(more) :]
        weeks = weeks[weeks[:, START] < before]
        return weeks[-limit:], more or len(weeks) > limit
    oldest = files.oldest()
    if oldest is None or before <= oldest - DAY_S * NS_PER_S:
        return NONE, False
    span = max(2 * limit * interval_s, DAY_S) * NS_PER_S
    while True:
        begin = max(before - span, 0)
        bars = _between(files, feed, symbol, interval_s, begin, before, hours)
        if len(bars) > limit or begin <= oldest - DAY_S * NS_PER_S:
            return bars[-limit:], len(bars) > limit
        span *= GROWTH


def _between(
    files: BarFiles,
    feed: int,
    symbol: str,
    interval_s: int,
    begin: int,
    before: int,
    hours: TradingHours,
) -> Bars:
    """Return the bars that start in a range of time."""
    sources = sources_of(interval_s)
    bounds = {source: source_bounds(interval_s, source, hours) for source in sources}
    length = interval_s * NS_PER_S  # starts of days, which are their names, are multiples of it
    names = begin // length * length, (before - 1) // length * length
    first = min(each.begin(names[0]) for each in bounds.values())
    end = max(each.end(names[1]) for each in bounds.values())
    epochs = files.bars(feed, symbol, sources, first, end)
    layers = [_layer(epochs, source, bounds[source], first) for source in sources]
    joined = overlaid(layers)
    kept = (joined[:, START] >= begin) & (joined[:, START] < before)
    result: Bars = joined[kept]
    return result


def _layer(epochs: list[Rows], source_s: int, bounds: Bounds, first: int) -> Bars:
    """Return the bars folded from those of one source; a later epoch takes the place of others."""
    whole = NONE
    for pieces in epochs:
        groups = [g.bars for g in whole_bars(pieces[pieces["interval_s"] == source_s])]
        bars = np.concatenate([NONE, *groups])
        bars = bars[bars[:, START] >= first]
        if len(bars):
            bars = bars[np.argsort(bars[:, START], kind="stable")]
            whole = np.concatenate([whole[whole[:, START] < bars[0, START]], bars])
    return fold(whole, bounds.starts_of(whole[:, START])) if len(whole) else NONE
