"""Clocks: the machine's own, and a replay's, which maps recorded time to it."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final, Protocol

from tickfire.base.units import NS_PER_S

GROUP_NS: Final = 1_000_000
"""Records that are due within this time are written together."""


class Clock(Protocol):
    """Clock that can be awaited; tests have one of their own."""

    def time_ns(self) -> int:
        """Return the time in ns since the Unix epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Return the monotonic time in ns."""
        ...

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Wait until a time of `monotonic_ns`, and let other tasks run at least once."""
        ...


class SystemClock:
    """The machine's clock, awaited in the running event loop."""

    def time_ns(self) -> int:
        """Return the time in ns since the Unix epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return the monotonic time in ns."""
        return time.monotonic_ns()

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Wait until a time; if it has passed, let other tasks run."""
        await asyncio.sleep(max(0, monotonic_ns - time.monotonic_ns()) / NS_PER_S)


class ReplayClock:
    """Clock of recorded time, which starts when the first record is due.

    Parameters
    ----------
    clock : Clock
        The clock to run by.
    speed : float
        Recorded seconds per second, more than 0.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._anchor: tuple[int, int] | None = None

    def start(self, recorded: int) -> None:
        """Start the clock at a recorded time (ns since the Unix epoch), unless it runs already."""
        if self._anchor is None:
            self._anchor = (recorded, self._clock.monotonic_ns())

    def now(self) -> int:
        """Return the recorded time in ns since the Unix epoch; 0 before the start."""
        if self._anchor is None:
            return 0
        recorded, at = self._anchor
        return recorded + int((self._clock.monotonic_ns() - at) * self._speed)

    def due(self, recorded: int) -> int:
        """Return the clock's `monotonic_ns` at which a recorded time is reached."""
        if self._anchor is None:
            return self._clock.monotonic_ns()
        first, at = self._anchor
        return at + math.ceil((recorded - first) / self._speed)

    async def wait_for(self, recorded: int, *, not_before: int = 0) -> None:
        """Wait until a recorded time is reached, and not before a time of `monotonic_ns`."""
        await self._clock.sleep_until(max(self.due(recorded), not_before))
