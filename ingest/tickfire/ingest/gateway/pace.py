"""Two clocks: this machine's, and the replay's, which maps recorded time onto it."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final, Protocol

NS_PER_S: Final = 1_000_000_000
GROUP_NS: Final = 1_000_000
"""Records due within so long are written together."""


class Clock(Protocol):
    """A clock that can be waited on; tests bring their own."""

    def time_ns(self) -> int:
        """Return ns since the Unix epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Return ns that never fall."""
        ...

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Return at or after a time of `monotonic_ns`, and not before others had a turn."""
        ...


class SystemClock:
    """The machine's clock, waited on by the running event loop."""

    def time_ns(self) -> int:
        """Return ns since the Unix epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return ns that never fall."""
        return time.monotonic_ns()

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Wait; for a time that has passed, let others have a turn."""
        await asyncio.sleep(max(0, monotonic_ns - time.monotonic_ns()) / NS_PER_S)


class ReplayClock:
    """Recorded time, running at a speed from the moment the first record is due.

    Parameters
    ----------
    clock : Clock
        To run by.
    speed : float
        Recorded seconds to a second, more than 0.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._anchor: tuple[int, int] | None = None

    def start(self, recorded: int) -> None:
        """Let recorded time be `recorded` (ns since the Unix epoch) now, unless it runs already."""
        if self._anchor is None:
            self._anchor = (recorded, self._clock.monotonic_ns())

    def now(self) -> int:
        """Return recorded time, ns since the Unix epoch; 0 before the start."""
        if self._anchor is None:
            return 0
        recorded, at = self._anchor
        return recorded + int((self._clock.monotonic_ns() - at) * self._speed)

    def due(self, recorded: int) -> int:
        """Return the time of the clock's `monotonic_ns` at which a recorded time comes."""
        if self._anchor is None:
            return self._clock.monotonic_ns()
        first, at = self._anchor
        return at + math.ceil((recorded - first) / self._speed)

    async def wait_for(self, recorded: int, *, not_before: int = 0) -> None:
        """Wait until a recorded time comes, and a time of `monotonic_ns` has passed."""
        await self._clock.sleep_until(max(self.due(recorded), not_before))
