"""`LoopLag`: how late an event loop runs what is due, and its tasks."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry

from tickfire.base.durations import Durations, WatchedDurations
from tickfire.base.exposition import Watched
from tickfire.base.units import NS_PER_S

INTERVAL_S: Final = 0.02
"""Time between two measurements; a stall that is shorter may go unseen."""
STALL_S: Final = 0.05
"""Lateness from which a time is a stall."""
BUCKETS: Final = (
    *(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)


class LoopLag:
    """Times by which a timer of the running event loop was late, as metrics.

    Parameters
    ----------
    registry : CollectorRegistry
        Gets the histogram ``loop_lag_seconds``, the counter ``stalls_total`` and the gauge
        ``asyncio_tasks``.
    prefix : str
        The beginning of their names.

    Attributes
    ----------
    stalls : int
    worst_s : float
        The longest time since it was last set to 0.
    """

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self._durations = Durations(BUCKETS)
        registry.register(
            WatchedDurations(
                f"{prefix}loop_lag_seconds",
                "Time by which the event loop ran a timer late.",
                lambda: {(): self._durations},
                (),
            )
        )
        registry.register(
            Watched(
                f"{prefix}stalls",
                "Times at which the event loop was held up for 50 ms or longer.",
                lambda: {(): self.stalls},
                counts=True,
            )
        )
        registry.register(
            Watched(
                f"{prefix}asyncio_tasks",
                "Tasks of the event loop that have not ended.",
                lambda: {(): self._count_tasks()},
            )
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.stalls = 0
        self.worst_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = self._loop = asyncio.get_running_loop()
        self._wait(loop)
        try:
            await loop.create_future()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + INTERVAL_S
        self._timer = loop.call_at(due, self._measure, loop, due)  # cheaper than a task's sleep

    def _measure(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        late = max(0.0, loop.time() - due)
        self._durations.add(round(late * NS_PER_S))
        self.worst_s = max(self.worst_s, late)
        if late >= STALL_S:
            self.stalls += 1
        self._wait(loop)

    def _count_tasks(self) -> int:
        """Return the number of tasks, also when another thread asks."""
        return 0 if self._loop is None else len(asyncio.all_tasks(self._loop))
