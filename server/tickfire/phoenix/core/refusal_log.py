"""Log of refused requests: each reason once, however often clients repeat it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

LOG_INTERVAL_S: Final = 60.0
MAX_REASONS: Final = 100
"""Different reasons that are logged within one interval."""
MAX_DETAIL: Final = 200
"""Characters of a client's text that are logged."""

logger = logging.getLogger(__name__)


class RefusalLog:
    """Log of refusals for the operator; the client of a refusal seldom shows its reason.

    The first refusal for a reason is logged at once as a warning. While the same reason recurs
    within `LOG_INTERVAL_S`, it is only counted, and so are reasons beyond `MAX_REASONS`; the count
    is logged with the first refusal of a later interval.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began_s = clock()
        self._logged: set[str] = set()
        self._unlogged = 0

    def add(self, reason: str, *details: object) -> None:
        """Record a refusal.

        Parameters
        ----------
        reason
            The reason, with a ``%s`` for each detail.
        *details
            Parts that clients choose; they are quoted, and cut if they are long.
        """
        self._begin_interval()
        text = reason % tuple(_quoted(detail) for detail in details)
        if text in self._logged or len(self._logged) >= MAX_REASONS:
            self._unlogged += 1
            return
        self._logged.add(text)
        logger.warning("refused %s", text)

    def _begin_interval(self) -> None:
        now_s = self._clock()
        if now_s - self._began_s < LOG_INTERVAL_S:
            return
        if self._unlogged:
            logger.warning("refused %d more that were not logged", self._unlogged)
        self._began_s, self._logged, self._unlogged = now_s, set(), 0


def _quoted(detail: object) -> str:
    text = detail if isinstance(detail, str) else repr(detail)
    return repr(text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + "...")
