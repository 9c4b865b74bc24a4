"""`Outage`: tells once that Redis is out of reach, and once that it answers again.

Whoever asks Redis tells here of failures and of replies, so that a process logs two lines for an
outage, however many of its parts are hit and however often they try.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from typing import Final

from tickfire.base.units import NS_PER_S, utc
from tickfire.store.errors import is_outage, reason_of

SETTLED_S: Final = 1.0
"""Time without a failure after which an outage is over: its parts end one after the other."""
ABANDONED_S: Final = 10.0
"""Time after which a failure that nobody has met again counts no longer."""

logger = logging.getLogger(__name__)


class Outage:
    """The parts of a process that Redis does not answer.

    Parameters
    ----------
    shown : str
        The URL of Redis, without passwords.
    clock : callable
        Returns seconds since the Unix epoch.
    """

    def __init__(self, shown: str, clock: Callable[[], float] = time.time) -> None:
        self._shown = shown
        self._clock = clock
        self._failed: dict[Hashable, float] = {}  # the time of the last failure
        self._answered = 0.0  # the time at which the last part was answered again
        self.since: float | None = None

    def begin(self, part: Hashable, error: BaseException | None, silent_s: float = 0.0) -> None:
        """Take note of a failure, if it is an outage.

        Parameters
        ----------
        part : hashable
            The key or the command that failed; the same is given to `end`.
        error : Exception or None
            None if the server closed the connection.
        silent_s : float
            Time for which Redis had not answered.
        """
        if error is not None and not is_outage(error):
            return
        now = self._clock()
        self._failed[part] = now
        if self.since is None:
            self.since = now - silent_s
            logger.warning(
                "Redis at %s is out of reach since %s (%s); trying until it answers",
                self._shown, utc(round(self.since * NS_PER_S)), reason_of(error),
            )  # fmt: skip

    def end(self, part: Hashable) -> None:
        """Take note of a reply."""
        if self._failed.pop(part, None) is not None:
            self._answered = self._clock()

    def end_all(self) -> None:
        """Take note that whatever failed is given up, and that Redis answers."""
        if self._failed:
            self._failed.clear()
            self._answered = self._clock()

    def settle(self, *, now: bool = False) -> None:
        """Say that the outage is over, once nothing has failed for a while, or at once."""
        if self.since is None:
            return
        limit = self._clock() - ABANDONED_S
        self._failed = {part: at for part, at in self._failed.items() if at > limit}
        if not self._failed and (now or self._clock() - self._answered > SETTLED_S):
            lasted_s = max(0.0, self._answered - self.since)
            logger.info("Redis at %s answers again, after %.1f s", self._shown, lasted_s)
            self.since = None
