"""`Series`: the bars of one instrument and interval, by start, bounded. Pure.

A bar is made of pieces, in the order of the ticks. A piece of the same start is merged: the
later one has the close. Longer intervals are made of minutes: there the later minute has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Bar = tuple[int, int, int, int, int, int, int, int, int]
"""start (ns), open, high, low, close (1e-9), volume, trades; first and last: the starts of the
first and the last piece in it."""
type Bars = NDArray[np.int64]
"""int64[n, COLUMNS]: a Bar each, by start."""

START, OPEN, HIGH, LOW, CLOSE, VOLUME, TRADES, FIRST, LAST = range(9)
COLUMNS: Final = 9
SPARE: Final = 256
"""Bars that are collected before they are moved into the array, and the oldest out of it."""
NONE: Final = -1
"""The start of the newest bar where there is none."""


class Series:
    """Bars of one interval.

    Parameters
    ----------
    interval : int
        ns; a bar's start is a multiple of it.
    limit : int
        At least so many bars are kept.

    Attributes
    ----------
    latest : int
        The start of the newest bar; -1 if there is none.
    """

    __slots__ = ("_fresh", "_rows", "interval", "latest", "limit")

    def __init__(self, interval: int, limit: int) -> None:
        self.interval = interval
        self.limit = limit
        self.latest = NONE
        self._rows: Bars = np.zeros((0, COLUMNS), np.int64)
        self._fresh: list[Bar] = []  # behind the rows: a list takes a bar in a tenth of the time

    def __len__(self) -> int:
        return len(self._rows) + len(self._fresh)

    def tail(self, count: int) -> Bars:
        """Return the newest bars, oldest first: a view, valid until the next change."""
        self._settle()
        return self._rows[max(0, len(self._rows) - count) :]

    def bar(self, start: int) -> Bar | None:
        """Return the bar that begins at `start`."""
        if self._fresh and start == self.latest:
            return self._fresh[-1]
        self._settle()
        at = self._find(start)
        return _bar(self._rows[at]) if self._is_at(at, start) else None

    def extend(self, bars: Bars) -> None:
        """Merge ascending bars, those behind the newest at once."""
        self._settle()
        behind = int(np.searchsorted(bars[:, START], self.latest, "right"))
        for row in bars[:behind]:
            self.merge(_bar(row))
        self._append(bars[behind:])

    def merge(self, bar: Bar) -> int:
        """Put a bar, or a piece of one, into the bar that it belongs to; return its start."""
        start = bar[START] - bar[START] % self.interval
        if start > self.latest:
            self._fresh.append(moved(bar, start))
            self.latest = start
            if len(self._fresh) > SPARE:
                self._settle()
        elif start == self.latest and self._fresh:
            self._fresh[-1] = merged(self._fresh[-1], bar)
        else:
            self._merge_earlier(start, bar)
        return start

    def void_from(self, start: int) -> int:
        """Drop the bars from the one that holds `start` on; return how many."""
        self._settle()
        at = self._find(start - start % self.interval)
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
            self._rows[at] = merged(_bar(self._rows[at]), bar)
        elif at or len(self._rows) < self.limit:  # else older than all that is kept
            self._rows = np.insert(self._rows, at, moved(bar, start), axis=0)

    def _settle(self) -> None:
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            self._append(np.array(fresh, np.int64))

    def _append(self, bars: Bars) -> None:
        if len(bars):
            self._rows = np.concatenate((self._rows, bars))[-self.limit :]
            self.latest = int(self._rows[-1, START])


def _bar(row: Bars) -> Bar:
    bar: Bar = tuple(row.tolist())
    return bar


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
