"""Idle timeouts, with one timer for all connections of a socket.

The wheel turns `SPOKES` times per timeout. A connection is kept in the slot at which it would
expire, and records the wheel's count when its client sends something. When the wheel reaches the
slot, a connection that has been active since is moved to a later one. A connection thus costs one
check per timeout, and a frame one assignment.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

SPOKES = 32


class Watched(Protocol):
    """A connection that is closed when it is idle."""

    last_seen: int
    """Value of `IdleWheel.now` when the client last sent something."""

    def expire(self) -> None:
        """Close the connection after the idle timeout."""


class IdleWheel:
    """Timer that expires idle connections.

    Parameters
    ----------
    timeout_s
        Idle time after which a connection expires, in seconds, kept to within a 32nd of it; None
        disables the timeout.
    """

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
        """Advance the wheel, and expire the connections that are due."""
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
