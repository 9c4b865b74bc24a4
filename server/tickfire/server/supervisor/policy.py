"""Restart policy: when to restart a process, and when to give up. Pure: times are arguments.

A process that dies is restarted after a delay. The delay doubles with each death up to a limit, and
returns to its first value after a run that lasted long enough. If a process dies too often within a
window, another restart is unlikely to help: the supervisor stops with an error, which the user or a
service manager can see.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tickfire.base.retry import Backoff


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a restart policy; times are in seconds."""

    first_delay_s: float = 0.2
    max_delay_s: float = 5.0
    lasting_s: float = 10.0
    """After a run of at least this length, the next delay is `first_delay_s` again."""
    max_deaths: int = 10
    window_s: float = 60.0
    """The policy gives up after more than `max_deaths` within `window_s`."""


class RestartPolicy:
    """Restart policy of one process; times are those of a monotonic clock, in seconds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._deaths: deque[float] = deque(maxlen=self.limits.max_deaths + 1)
        self._backoff = Backoff(self.limits.first_delay_s, self.limits.max_delay_s)

    def died(self, *, started: float, now: float) -> float | None:
        """Count a death; return the delay before the restart in seconds, or None to give up."""
        limits = self.limits
        if now - started >= limits.lasting_s:
            self._backoff.reset()
        delay = self._backoff.next_s()
        self._deaths.append(now)
        return None if self.deaths(now) > limits.max_deaths else delay

    def deaths(self, now: float) -> int:
        """Return the number of deaths in the window that ends at `now`."""
        return sum(now - at <= self.limits.window_s for at in self._deaths)
