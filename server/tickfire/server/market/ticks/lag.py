"""`LagWatch`: the subscribers that are too slow, and for how long each has been behind.

The lag of a subscriber is the time since the newest moment at which everything published had been
sent to it. The positions are recorded while there are such subscribers, `CHECKS` times within the
maximum lag. One that exceeds it gets its ticks conflated, and one that exceeds it `PATIENCE` times
over is disconnected; both only while bytes wait for the client to read them. After a pause of this
process, in which it sent nothing, a subscriber is conflated first, whatever its lag.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from tickfire.store.schema import Stream

DEFAULT_MAX_LAG_S: Final = 10.0
"""Maximum lag, in seconds, of a subscriber that gets every tick."""
PATIENCE: Final = 3
"""Multiple of the maximum lag at which a subscriber is disconnected."""
CHECKS: Final = 8

type Places = Mapping[Stream, int]


class Laggard(Protocol):
    """A subscriber that is too slow."""

    @property
    def is_blocked(self) -> bool:
        """True while the subscriber waits for its client to read."""

    @property
    def place(self) -> Places:
        """Position reached in each stream of its topic."""

    def conflate(self) -> None:
        """Merge what is to be sent from now on, until the subscriber is live again."""

    def evict(self) -> None:
        """Disconnect the client."""


class LagWatch:
    """Watch over the subscribers that are too slow.

    Parameters
    ----------
    positions : callable
        Returns the position of the last published tick of each stream.
    max_lag_s : float
        Maximum lag of a subscriber that gets every tick, in seconds; 0 for no limit.
    """

    def __init__(self, positions: Callable[[], Places], max_lag_s: float) -> None:
        self._positions = positions
        self._max_lag_s = max_lag_s
        self._laggards: dict[Laggard, bool] = {}
        """The subscribers that are watched, each with whether it has been conflated."""
        self._marks: deque[tuple[float, Places]] = deque(maxlen=(PATIENCE + 1) * CHECKS)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def watched(self) -> int:
        """Number of subscribers that are watched."""
        return len(self._laggards)

    def add(self, laggard: Laggard) -> None:
        """Watch a subscriber that has begun to lag."""
        if not self._max_lag_s:
            return
        self._laggards[laggard] = False
        if self._timer is None:
            self._mark()
            self._schedule()

    def remove(self, laggard: Laggard) -> None:
        """Stop watching a subscriber."""
        self._laggards.pop(laggard, None)

    def restart(self) -> None:
        """Measure lags anew, as the positions of a feed have changed."""
        self._marks.clear()

    def close(self) -> None:
        """Watch nobody any more."""
        self._laggards.clear()
        self._stop()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._max_lag_s / CHECKS, self._check)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._marks.clear()

    def _mark(self) -> None:
        self._marks.append((asyncio.get_running_loop().time(), dict(self._positions())))

    def _check(self) -> None:
        if not self._laggards:
            self._stop()
            return
        self._mark()
        for laggard in list(self._laggards):
            if laggard.is_blocked:
                self._judge(laggard)
        self._schedule()

    def _judge(self, laggard: Laggard) -> None:
        lag_s = self._lag_s(laggard.place)
        if lag_s >= PATIENCE * self._max_lag_s and self._laggards[laggard]:
            laggard.evict()
        elif lag_s >= self._max_lag_s:
            self._laggards[laggard] = True
            laggard.conflate()

    def _lag_s(self, place: Places) -> float:
        """Return the time since the newest mark that a place has reached, or since the first."""
        now, _ = self._marks[-1]
        for at, positions in reversed(self._marks):
            if all(reached >= positions.get(stream, 0) for stream, reached in place.items()):
                return now - at
        return now - self._marks[0][0]
