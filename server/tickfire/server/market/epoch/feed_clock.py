"""`FeedClock`: the time of a feed, and how long the symbols of its instruments stay as they are.

A tick has the symbol that its instrument had at the tick's own time, also if it comes late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tickfire.base.units import NS_PER_S
from tickfire.store.entries import TickEntry
from tickfire.store.mappings import EVER
from tickfire.store.schema import TICK_CLEAR

TOLERANCE_NS: Final = 60 * NS_PER_S
"""Time by which a tick may be older than one before it without the feed having gone back."""


class FeedClock:
    """Time of a feed between two bounds of its mappings.

    Parameters
    ----------
    bounds : sequence of int
        Times (ns) at which symbols may change, sorted.
    now : int
        In ns since the Unix epoch; by default the end of time, until a tick has come.

    Attributes
    ----------
    bounds : sequence of int
    now : int
    """

    def __init__(self, bounds: Sequence[int] = (), now: int = EVER - 1) -> None:
        self.bounds = bounds
        self.set(now)

    def set(self, ts: int) -> None:
        """Set the time."""
        self.now = ts
        at = bisect_right(self.bounds, ts)
        self._from = self.bounds[at - 1] if at else 0
        self.until = self.bounds[at] if at < len(self.bounds) else EVER

    def holds(self, ts: int) -> bool:
        """Return whether a time is not so far beyond a bound that the feed is at that time."""
        return self._from - TOLERANCE_NS <= ts < self.until

    def is_current(self, ts: int) -> bool:
        """Return whether no bound lies between the present time and another."""
        return self._from <= ts < self.until


class Part(NamedTuple):
    """The ticks of an entry between two bounds.

    Attributes
    ----------
    entry : TickEntry
    ts : int or None
        A time in it, in ns since the Unix epoch; None if it has none.
    """

    entry: TickEntry
    ts: int | None


def parts_of(entry: TickEntry, bounds: Sequence[int]) -> list[Part]:
    """Return the parts of an entry between bounds (ns, sorted), in the order of the entry.

    A clear has no time of its own: it belongs to the tick before it, or else to the one after it.
    """
    timed = np.flatnonzero(entry.ticks["kind"] != TICK_CLEAR)
    if not len(timed):
        return [Part(entry, None)]
    times = entry.ticks["ts_event"][timed]
    places = np.searchsorted(np.array(bounds, np.int64), times, side="right")
    parts = []
    for at in np.flatnonzero(np.diff(places)) + 1:
        last = entry.first + int(timed[at]) - 1
        parts.append(Part(entry.until(last), int(times[at - 1])))
        entry = entry.after(last)
    return [*parts, Part(entry, int(times[-1]))]
