"""`Series`: the bars of one instrument and interval, by start, bounded. Pure.

A bar is made of pieces, in the order of the ticks. A piece of the same start is merged: the
later one has the close. Longer intervals are made of minutes: there the later minute has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "Bar", "Bars", "Series", "fold", "merged", "moved", "piece"]

type Bar = tuple[int, int, int, int, int, int, int, int, int]
"""start (ns), open, high, low, close (1e-9), volume, trades; first and last: the starts of the
first and the last piece in it."""
type Bars = NDArray[np.int64]
"""int64[n, COLUMNS]: a Bar each, by start."""

START, OPEN, HIGH, LOW, CLOSE, VOLUME, TRADES, FIRST, LAST = range(9)
COLUMNS: Final = 9
SPARE: Final = 256
"""Bars beyond the limit that are kept, so that the oldest go many at a time."""
FEW: Final = 16


class Series:
    """Bars of one interval.

    Parameters
    ----------
    interval : int
        ns; a bar's start is a multiple of it.
    limit : int
        At least so many bars are kept.
    """

    __slots__ = ("_rows", "_size", "interval", "limit")

    def __init__(self, interval: int, limit: int) -> None:
        self.interval = interval
        self.limit = limit
        self._rows: Bars = np.zeros((FEW, COLUMNS), np.int64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def latest(self) -> int:
        """The start of the newest bar; -1 if there is none."""
        return int(self._rows[self._size - 1, START]) if self._size else -1

    def tail(self, count: int) -> Bars:
        """Return the newest bars, oldest first: a view, valid until the next change."""
        return self._rows[max(0, self._size - count) : self._size]

    def bar(self, start: int) -> Bars | None:
        """Return the bar that begins at `start`: a view, valid until the next change."""
        at = self._find(start)
        if at < self._size and self._rows[at, START] == start:
            found: Bars = self._rows[at]
            return found
        return None

    def extend(self, bars: Bars) -> None:
        """Merge ascending bars, those behind the newest at once."""
        behind = int(np.searchsorted(bars[:, START], self.latest, "right"))
        for row in bars[:behind].tolist():
            self.merge(tuple(row))
        fresh = bars[behind:][-self.limit :]
        kept = self.tail(self.limit - len(fresh))
        rows = np.zeros((len(kept) + len(fresh) + FEW, COLUMNS), np.int64)
        rows[: len(kept)] = kept
        rows[len(kept) : len(kept) + len(fresh)] = fresh
        self._rows, self._size = rows, len(kept) + len(fresh)

    def merge(self, bar: Bar) -> int:
        """Put a bar, or a piece of one, into the bar that it belongs to; return its start."""
        start = bar[START] - bar[START] % self.interval
        at = self._find(start)
        if at < self._size and self._rows[at, START] == start:
            self._rows[at] = merged(self._rows[at].tolist(), bar)
        elif at or self._size < self.limit:  # older than all that is kept: nothing to keep
            self._insert(at, moved(bar, start))
        return start

    def void_from(self, start: int) -> int:
        """Drop the bars from the one that holds `start` on; return how many."""
        at = self._find(start - start % self.interval)
        dropped, self._size = self._size - at, at
        return dropped

    def _find(self, start: int) -> int:
        size = self._size
        if not size or start > self._rows[size - 1, START]:
            return size
        if start == self._rows[size - 1, START]:
            return size - 1
        return int(np.searchsorted(self._rows[:size, START], start))

    def _insert(self, at: int, row: Bar) -> None:
        if self._size == len(self._rows):
            at -= self._make_room()
            if at < 0:
                return  # its place was among those that went
        self._rows[at + 1 : self._size + 1] = self._rows[at : self._size]
        self._rows[at] = row
        self._size += 1

    def _make_room(self) -> int:
        """Drop the oldest or grow; return how many were dropped."""
        old = max(0, self._size - self.limit + 1) if self._size >= self.limit + SPARE else 0
        kept = self._rows[old : self._size]
        room = len(self._rows) if old else min(2 * len(self._rows), self.limit + SPARE)
        rows = np.zeros((max(room, len(kept) + 1), COLUMNS), np.int64)
        rows[: len(kept)] = kept
        self._rows, self._size = rows, len(kept)
        return old


def piece(start: int, open_: int, high: int, low: int, close: int, volume: int, trades: int) -> Bar:
    """Return a Bar of one piece."""
    return start, open_, high, low, close, volume, trades, start, start


def moved(bar: Bar, start: int) -> Bar:
    """Return a bar with another start."""
    return start, *bar[1:]


def merged(bar: Sequence[int], later: Sequence[int]) -> Bar:
    """Return a bar with one more in it, which was closed later."""
    start, open_, high, low, close, volume, trades, first, last = bar
    if later[FIRST] < first:
        open_, first = later[OPEN], later[FIRST]
    if later[LAST] >= last:
        close, last = later[CLOSE], later[LAST]
    return (
        *(start, open_, max(high, later[HIGH]), min(low, later[LOW]), close),
        *(volume + later[VOLUME], trades + later[TRADES], first, last),
    )


def fold(bars: Bars, interval: int) -> Bars:
    """Fold ascending bars into those of a longer interval, all at once."""
    if not len(bars):
        return np.zeros((0, COLUMNS), np.int64)
    starts = bars[:, START] - bars[:, START] % interval
    heads = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1))
    tails = np.append(heads[1:], len(bars)) - 1
    out = np.empty((len(heads), COLUMNS), np.int64)
    out[:, START] = starts[heads]
    out[:, OPEN] = bars[heads, OPEN]
    out[:, HIGH] = np.maximum.reduceat(bars[:, HIGH], heads)
    out[:, LOW] = np.minimum.reduceat(bars[:, LOW], heads)
    out[:, CLOSE] = bars[tails, CLOSE]
    out[:, VOLUME] = np.add.reduceat(bars[:, VOLUME], heads)
    out[:, TRADES] = np.add.reduceat(bars[:, TRADES], heads)
    out[:, FIRST] = bars[heads, FIRST]
    out[:, LAST] = bars[tails, LAST]
    return out
