"""Polling schedule of a news feed. Pure: randomness is an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tickfire.base.retry import Backoff

MIN_INTERVAL_S: Final = 1.0
DEFAULT_INTERVAL_S: Final = 300.0
INTERVAL_JITTER: Final = 0.1
"""Fraction by which each delay varies around the interval, so that feeds are not polled in step."""
FIRST_BACKOFF_S: Final = 5.0
MAX_BACKOFF_S: Final = 900.0
MAX_RETRY_AFTER_S: Final = 3600.0


@dataclass
class Schedule:
    """Delays between the requests of one feed.

    Attributes
    ----------
    interval_s : float
        Delay after a successful request, in seconds, before jitter.
    chance : random.Random
        Source of the jitter.
    first_backoff_s : float
        Delay after the first failure, in seconds, before jitter.
    """

    interval_s: float
    chance: random.Random
    first_backoff_s: float = FIRST_BACKOFF_S

    def __post_init__(self) -> None:
        self._backoff = Backoff(self.first_backoff_s, MAX_BACKOFF_S)

    @property
    def failures(self) -> int:
        """Number of consecutive failures so far."""
        return self._backoff.failures

    def succeeded(self) -> float:
        """Return the delay after a successful request, in seconds."""
        self._backoff.reset()
        return self.interval_s * self.chance.uniform(1 - INTERVAL_JITTER, 1 + INTERVAL_JITTER)

    def failed(self, retry_after_s: float = 0.0) -> float:
        """Return the delay after a failed request, in seconds.

        It doubles with each failure up to `MAX_BACKOFF_S`, is reduced by up to half at random, and
        is at least as long as the server asked for.

        Parameters
        ----------
        retry_after_s : float
            Delay that the server asked for; honoured up to `MAX_RETRY_AFTER_S`.
        """
        limit = self._backoff.next_s()
        asked = min(max(retry_after_s, 0.0), MAX_RETRY_AFTER_S)
        return max(limit * self.chance.uniform(0.5, 1.0), asked)
