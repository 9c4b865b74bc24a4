"""`LoopLag`: how late an event loop runs what is due."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import Histogram

INTERVAL_S: Final = 0.01
"""Time between two measurements; a stall that is shorter may go unseen."""
BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class LoopLag:
    """Times by which a timer of the running event loop was late.

    Parameters
    ----------
    histogram : Histogram
        Takes the times, in seconds.
    stall_s : float
        Lateness from which a time is a stall.

    Attributes
    ----------
    stalls : int
    worst_s : float
        The longest time since it was last set to 0.
    """

    def __init__(self, histogram: Histogram, stall_s: float = 0.05) -> None:
        self._histogram = histogram
        self._stall_s = stall_s
        self.stalls = 0
        self.worst_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL_S
            await asyncio.sleep(INTERVAL_S)
            late = max(0.0, loop.time() - due)
            self._histogram.observe(late)
            self.worst_s = max(self.worst_s, late)
            if late >= self._stall_s:
                self.stalls += 1
