"""`FeedClock`: the time of a feed, and how long the symbols of its instruments stay as they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.store.mappings import EVER

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
    now : int
    """

    def __init__(self, bounds: Sequence[int] = (), now: int = EVER - 1) -> None:
        self._bounds = bounds
        self.set(now)

    def set(self, ts: int) -> None:
        """Set the time."""
        self.now = ts
        at = bisect_right(self._bounds, ts)
        self._from = self._bounds[at - 1] - TOLERANCE_NS if at else 0
        self.until = self._bounds[at] if at < len(self._bounds) else EVER

    def holds(self, ts: int) -> bool:
        """Return whether no bound lies between the present time and another."""
        return self._from <= ts < self.until

    def first_beyond(self, times: NDArray[np.int64]) -> int:
        """Return the index of the first of some times beyond a bound, their number if none is."""
        beyond = np.flatnonzero((times < self._from) | (times >= self.until))
        return int(beyond[0]) if len(beyond) else len(times)
