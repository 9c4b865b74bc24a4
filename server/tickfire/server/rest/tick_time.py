"""`seek_time`: the position in a stream at which a time begins."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.units import NS_PER_S
from tickfire.store.entries import TickEntry
from tickfire.store.history import History
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import TICK_CLEAR

TOLERANCE_NS: Final = 60 * NS_PER_S
"""Time by which a tick may be older than one before it."""
NEAR: Final = 32 * MAX_TICKS_PER_ENTRY
"""Number of positions that are read rather than bisected."""


async def seek_time(history: History, start: int, after: int, newest: int) -> int:
    """Return a position up to which all ticks of a stream are older than a time.

    Parameters
    ----------
    history : History
        A stream whose time does not go back by more than `TOLERANCE_NS`.
    start : int
        In ns since the Unix epoch.
    after, newest : int
        The positions between which to look.

    Raises
    ------
    RedisUnavailable
        Redis does not answer in time, or answers with an error.
    """
    low, high = after, newest
    while high - low > NEAR:
        middle = (low + high) // 2
        entries, _ = await history.ticks_after(middle, 1)
        if entries and entries[0].last <= high and _latest(entries[0]) < start - TOLERANCE_NS:
            low = entries[0].last
        else:
            high = middle
    return low


def _latest(entry: TickEntry) -> int:
    """Return the latest time of an entry; that of a clear does not count."""
    times = entry.ticks["ts_event"][entry.ticks["kind"] != TICK_CLEAR]
    return int(np.max(times)) if len(times) else np.iinfo(np.int64).max
