"""Polling schedule of a news feed. Pure: randomness is an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tickfire.base.retry import Backoff

DEFAULT_INTERVAL_S: Final = 300.0
INTERVAL_JITTER: Final = 0.1
"""Feeds are asked at their interval give or take this part, so as not to march in step."""
FIRST_BACKOFF_S: Final = 5.0
MAX_BACKOFF_S: Final = 900.0
MAX_RETRY_AFTER_S: Final = 3600.0


@dataclass
class Schedule:
    """The delays of one feed.

    Attributes
    ----------
    interval_s : float
        Seconds between two successful requests.
    chance : random.Random
        Where the jitter is drawn from.
    first_backoff_s : float
        The delay after a first failure, before jitter.
    """

    interval_s: float
    chance: random.Random
    first_backoff_s: float = FIRST_BACKOFF_S

    def __post_init__(self) -> None:
        self._backoff = Backoff(self.first_backoff_s, MAX_BACKOFF_S)

    @property
    def failures(self) -> int:
        """Number of failures in a row, up to now."""
        return self._backoff.failures

    def succeeded(self) -> float:
        """Return the delay after an answer that could be used."""
        self._backoff.reset()
        return self.interval_s * self.chance.uniform(1 - INTERVAL_JITTER, 1 + INTERVAL_JITTER)

    def failed(self, retry_after_s: float = 0.0) -> float:
        """Return the delay after a failure: doubling, jittered, and as long as the server asks."""
        limit = self._backoff.next_s()
        asked = min(max(retry_after_s, 0.0), MAX_RETRY_AFTER_S)
        return max(limit * self.chance.uniform(0.5, 1.0), asked)
