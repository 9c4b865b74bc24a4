"""Restart policy: when to restart a process, and when to give up. Pure: times are arguments.

A process that dies is started again after a delay, which doubles from death to death up to a
limit, and begins anew once a run has lasted. One that dies too often within a window will not be
mended by one more start: the supervisor then ends, so that whoever watches it learns of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tickfire.base.retry import Backoff


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of a restart policy; times in seconds."""

    first_delay_s: float = 0.2
    max_delay_s: float = 5.0
    lasting_s: float = 10.0
    """A run of this length was a success: the next delay is the first one again."""
    max_deaths: int = 10
    window_s: float = 60.0
    """More than `max_deaths` within `window_s`: give up."""


class RestartPolicy:
    """Decides over one process. Times are of one monotonic clock, in seconds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._deaths: deque[float] = deque(maxlen=self.limits.max_deaths + 1)
        self._backoff = Backoff(self.limits.first_delay_s, self.limits.max_delay_s)

    def died(self, *, started: float, now: float) -> float | None:
        """Take note of a death; return the delay before the next start, None to give up."""
        limits = self.limits
        if now - started >= limits.lasting_s:
            self._backoff.reset()
        delay = self._backoff.next_s()
        self._deaths.append(now)
        return None if self.deaths(now) > limits.max_deaths else delay

    def deaths(self, now: float) -> int:
        """Return how many deaths the window that ends now has seen."""
        return sum(now - at <= self.limits.window_s for at in self._deaths)
