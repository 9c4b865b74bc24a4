"""Idle timeouts: one timer for all connections of a socket.

The wheel turns `SPOKES` times per timeout. A connection records the wheel's count when its client
sends something, and is kept in the slot at which it would expire; when the wheel reaches that slot,
a connection that has been active since moves on. So a connection costs one check per timeout, and a
frame one assignment.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

SPOKES = 32


class Watched(Protocol):
    """Something that is closed when it is idle."""

    last_seen: int
    """`IdleWheel.now` at the time of the last sign of life."""

    def expire(self) -> None:
        """Close after the idle timeout."""


class IdleWheel:
    """Expires connections idle for `timeout_s`, to within a 32nd of it; None disables it."""

    def __init__(self, timeout_s: float | None) -> None:
        self.timeout_s = timeout_s
        self._period = None if timeout_s is None else timeout_s / SPOKES
        self._slots: list[dict[Watched, None]] = [{} for _ in range(SPOKES + 1)]
        self.watched = 0
        self._timer: asyncio.TimerHandle | None = None
        self.now = 0

    def add(self, watched: Watched) -> None:
        """Start watching a connection."""
        if self._period is None:
            return
        watched.last_seen = self.now
        self._slot(self.now + SPOKES)[watched] = None
        self.watched += 1
        if self._timer is None:
            self._schedule()

    def remove(self, watched: Watched) -> None:
        """Stop watching a connection."""
        for slot in self._slots:
            if watched in slot:
                del slot[watched]
                self.watched -= 1
                return

    def _slot(self, at: int) -> dict[Watched, None]:
        return self._slots[at % len(self._slots)]

    def _schedule(self) -> None:
        assert self._period is not None
        self._timer = asyncio.get_running_loop().call_later(self._period, self.turn)

    def turn(self) -> None:
        """Advance the count, and expire the connections that are due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.now += 1
        due, self._slots[self.now % len(self._slots)] = self._slot(self.now), {}
        for watched in due:
            idle_at = watched.last_seen + SPOKES
            if idle_at > self.now:
                self._slot(idle_at)[watched] = None
            else:
                self.watched -= 1
                watched.expire()
        if self.watched:
            self._schedule()
