"""`Blocked`: the subscribers that wait for their clients to read, as many as a turn can serve.

What a client has not read yet is sent by the transport as soon as the client reads on, in the turn
of the event loop in which it does, however much that is: the more clients there are, the longer the
turn, and the more of them have read on when it ends. So the number of those that wait is limited,
and the limit follows the turns: it is halved whenever too many have read on in one, and rises as
long as they are few. Clients far away, each of which takes little at a time, soon all have a place,
and those that do not read at all keep it from others for `SLOW_S` at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

LEAST: Final = 16
"""The lowest limit, which is also the highest number that is to read on in one turn."""
FIRST: Final = 64
STEP: Final = 8
SLOW_S: Final = 2.0
"""Time, in seconds, after which a subscriber that still waits is slow, and counts no more."""


class Blocked[T]:
    """Subscribers that wait.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds.

    Attributes
    ----------
    limit : int
        Highest number of those that count.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._since: dict[T, float] = {}
        self._released = 0
        self.limit = FIRST

    def add(self, subscriber: T) -> None:
        """Count a subscriber that begins to wait."""
        self._since[subscriber] = self._clock()

    def release(self, subscriber: T) -> bool:
        """Return whether a subscriber, which waits no more, was counted."""
        if self._since.pop(subscriber, None) is None:
            return False
        self._released += 1
        return True

    def clear(self) -> None:
        """Forget all."""
        self._since.clear()

    def begin_turn(self) -> None:
        """Adapt the limit to the turn that has passed."""
        if self._released > LEAST:
            self.limit = max(LEAST, self.limit // 2)
        elif len(self._since) >= self.limit:
            self.limit += STEP
        self._released = 0

    @property
    def is_full(self) -> bool:
        """True while as many wait as may; those that are slow are forgotten."""
        while len(self._since) >= self.limit:
            subscriber, since = next(iter(self._since.items()))
            if self._clock() - since < SLOW_S:
                return True
            del self._since[subscriber]
        return False
