"""`Series`: the newest bars of one instrument and interval, by start. Pure.

A bar is made of pieces, which arrive in the order of the ticks. `merged` adds one piece to a bar;
`fold` makes bars of many pieces at once. In a bar of 1 s or 1 m the close is that of the piece that
came last. A longer bar is made of minutes, and its close is that of its last minute, no matter in
which order they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import Bounds
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.merge import fold_columns
from tickfire.ingest.kernel.notional import LOW_BITS, parts_of, vwaps

type Bar = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""start (ns), open, high, low and close (1e-9), volume, trades (0 if their number is not known),
the two parts of the notional, and the starts of the first and of the last piece in it."""
type Bars = NDArray[np.int64]
"""int64[n, COLUMNS]: one `Bar` a row, by start."""

START, OPEN, HIGH, LOW, CLOSE, VOLUME, TRADES, NOTIONAL_HIGH, NOTIONAL_LOW, FIRST, LAST = range(11)
COLUMNS: Final = 11
SPARE: Final = 64
"""Bars that are collected in a list before they are moved to the array, all at once."""
NONE: Final = -1
"""The start of the newest bar of an empty series."""


class Series:
    """Bars of one interval.

    Parameters
    ----------
    bounds : Bounds
        Tells to which bar a piece belongs.
    limit : int
        The number of newest bars that are kept; up to `SPARE` more may be.

    Attributes
    ----------
    latest : int
        The start of the newest bar, `NONE` if there is none.
    truncated : bool
        True if older bars were dropped because of the limit.
    """

    __slots__ = ("_fresh", "_rows", "bounds", "latest", "limit", "truncated")

    def __init__(self, bounds: Bounds, limit: int) -> None:
        self.bounds = bounds
        self.limit = limit
        self.latest = NONE
        self.truncated = False
        self._rows: Bars = np.zeros((0, COLUMNS), np.int64)
        self._fresh: list[Bar] = []  # newer than the rows; appending here is 10 times as fast

    def __len__(self) -> int:
        return len(self._rows) + len(self._fresh)

    def tail(self, count: int) -> Bars:
        """Return up to `count` newest bars, oldest first: a view, valid until the next change."""
        self._settle()
        return self._rows[max(0, len(self._rows) - count) :]

    def bar(self, start: int) -> Bar | None:
        """Return the bar that begins at `start`, None if there is none."""
        if self._fresh and start == self.latest:
            return self._fresh[-1]
        self._settle()
        at = self._find(start)
        return bar_of(self._rows[at]) if self._is_at(at, start) else None

    def extend(self, bars: Bars) -> None:
        """Merge ascending bars; those newer than all others are appended at once."""
        self._settle()
        behind = int(np.searchsorted(bars[:, START], self.latest, "right"))
        for row in bars[:behind]:
            self._merge_at(int(row[START]), bar_of(row))
        self._append(bars[behind:])

    def merge(self, shorter: Bar) -> None:
        """Merge a shorter bar, or a piece of a bar, into the bar that it belongs to."""
        self._merge_at(self.bounds.start_of(shorter[START]), shorter)

    def _merge_at(self, start: int, bar: Bar) -> None:
        if start > self.latest:
            self._fresh.append(moved(bar, start))
            self.latest = start
            if len(self._fresh) > SPARE:
                self._settle()
        elif start == self.latest and self._fresh:
            self._fresh[-1] = merged(self._fresh[-1], bar)
        else:
            self._merge_earlier(start, bar)

    def void_from(self, start: int) -> int:
        """Drop the bar that contains `start` and all later ones; return their number."""
        self._settle()
        at = self._find(self.bounds.start_of(start))
        dropped = len(self._rows) - at
        self._rows = self._rows[:at].copy()
        self.latest = int(self._rows[-1, START]) if at else NONE
        return dropped

    def _find(self, start: int) -> int:
        return int(np.searchsorted(self._rows[:, START], start))

    def _is_at(self, at: int, start: int) -> bool:
        return at < len(self._rows) and bool(self._rows[at, START] == start)

    def _merge_earlier(self, start: int, bar: Bar) -> None:
        self._settle()
        at = self._find(start)
        if self._is_at(at, start):
            self._rows[at] = merged(bar_of(self._rows[at]), bar)
        elif at or not self.truncated:  # otherwise it is too old to be kept
            self._rows = np.insert(self._rows, at, moved(bar, start), axis=0)

    def _settle(self) -> None:
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            self._append(np.array(fresh, np.int64))

    def _append(self, bars: Bars) -> None:
        if len(bars):
            self._rows = np.concatenate((self._rows, bars))
            self.truncated |= len(self._rows) > self.limit
            self._rows = self._rows[-self.limit :]
            self.latest = int(self._rows[-1, START])


def bar_of(row: Bars) -> Bar:
    """Return one row of `Bars`."""
    bar: Bar = tuple(row.tolist())
    return bar


def piece(
    start: int, open_: int, high: int, low: int, close: int, volume: int, trades: int, vwap: int
) -> Bar:
    """Return the bar that consists of one piece."""
    parts = parts_of(vwap * volume)
    return start, open_, high, low, close, volume, trades, *parts, start, start


def moved(bar: Bar, start: int) -> Bar:
    """Return a bar with its start replaced."""
    return start, *bar[1:]


def merged(bar: Sequence[int], later: Sequence[int]) -> Bar:
    """Return a bar with another one added, which was closed later."""
    start, open_, high, low, close, volume, trades, first, last = *bar[:7], *bar[FIRST:]
    if later[FIRST] < first:
        open_, first = later[OPEN], later[FIRST]
    if later[LAST] >= last:
        close, last = later[CLOSE], later[LAST]
    is_counted = not (_is_uncounted(bar) or _is_uncounted(later))
    carry, priced = divmod(bar[NOTIONAL_LOW] + later[NOTIONAL_LOW], 1 << LOW_BITS)
    return (
        *(start, open_, max(high, later[HIGH]), min(low, later[LOW]), close),
        *(volume + later[VOLUME], trades + later[TRADES] if is_counted else 0),
        *(bar[NOTIONAL_HIGH] + later[NOTIONAL_HIGH] + carry, priced, first, last),
    )


def _is_uncounted(bar: Sequence[int]) -> bool:
    """Return whether the number of trades is not known, as that of bars of a feed."""
    return not bar[TRADES] and bar[VOLUME] > 0


def vwaps_of(bars: Bars) -> NDArray[np.int64]:
    """Return the volume-weighted average price of each bar, UNDEF_PRICE where it is not known."""
    volumes = np.maximum(bars[:, VOLUME], 1)
    means = vwaps(bars[:, NOTIONAL_HIGH], bars[:, NOTIONAL_LOW], volumes)
    known = (bars[:, VOLUME] > 0) & (bars[:, TRADES] > 0)
    return np.where(known, means, UNDEF_PRICE)


def overlaid(layers: Sequence[Bars]) -> Bars:
    """Return the bars of all layers by start; of those with one start, that of the last layer."""
    if len(layers) == 1:
        return layers[0]
    bars = np.concatenate(layers)
    bars = bars[np.argsort(bars[:, START], kind="stable")]
    return bars[np.append(np.diff(bars[:, START]) != 0, True)] if len(bars) else bars


def fold(bars: Bars, starts: NDArray[np.int64]) -> Bars:
    """Fold bars into those of a longer interval, all at once.

    Parameters
    ----------
    bars : int64[n, COLUMNS]
        Ascending by start; those of the same start in the order in which they were closed.
    starts : int64[n]
        The start of the longer bar that each belongs to.
    """
    if not len(bars):
        return np.zeros((0, COLUMNS), np.int64)
    heads = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1))
    tails = np.append(heads[1:], len(bars)) - 1
    out = np.empty((len(heads), COLUMNS), np.int64)
    out[:, START] = starts[heads]
    out[:, OPEN:FIRST] = fold_columns(bars[:, OPEN:FIRST], heads)
    out[:, FIRST] = bars[heads, FIRST]
    out[:, LAST] = bars[tails, LAST]
    return out
