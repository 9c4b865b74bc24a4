"""Refusals of a worker, counted by cause and logged at most once a minute each."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from tickfire.server.limits.causes import CAUSES, Cause

LOG_INTERVAL_S: Final = 60.0

logger = logging.getLogger(__name__)


class Refusals:
    """Counter of refusals by cause.

    The first one is logged at once; while others of the same cause follow, their number is logged
    once a minute.

    Attributes
    ----------
    counts : dict of str to int
        The number of refusals by the name of the cause, since the start.
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys((cause.name for cause in CAUSES), 0)
        self._unlogged: dict[Cause, int] = {}
        self._latest: dict[Cause, str] = {}

    def add(self, cause: Cause, client: str) -> None:
        """Count a refusal of a client."""
        self.counts[cause.name] += 1
        self._latest[cause] = client
        if cause in self._unlogged:
            self._unlogged[cause] += 1
            return
        logger.warning("refused %s: %s", client, cause.text, extra={"client": client})
        self._log_later(cause)

    def _log_later(self, cause: Cause) -> None:
        self._unlogged[cause] = 0
        asyncio.get_running_loop().call_later(LOG_INTERVAL_S, self._log, cause)

    def _log(self, cause: Cause) -> None:
        count, client = self._unlogged.pop(cause), self._latest.pop(cause)
        if count:
            text = "refused %d more within a minute, the latest %s: %s"
            logger.warning(text, count, client, cause.text, extra={"client": client})
            self._latest[cause] = client
            self._log_later(cause)
