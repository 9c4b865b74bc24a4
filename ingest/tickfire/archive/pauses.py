"""`Pauses`: the times at which the target of an archive refuses to be written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from tickfire.archive.metrics import RecordMetrics
from tickfire.archive.target import Target, is_full

RETRY_S: Final = 1.0
"""Interval at which work with the target is tried again while it fails."""

logger = logging.getLogger(__name__)


class Pauses:
    """Reporter of pauses, to the log and the metrics.

    Parameters
    ----------
    target : Target
    metrics : RecordMetrics
    """

    def __init__(self, target: Target, metrics: RecordMetrics) -> None:
        self._target = target
        self._metrics = metrics

    def begin(self, error: OSError) -> None:
        """Report a refusal, in the log only if it is the first one."""
        full = is_full(error)
        reason = "there is no room left" if full else error.strerror or str(error)
        trouble = f"cannot write to {self._target.shown} ({reason}); recording is paused"
        if not self._metrics.is_paused:
            logger.error("%s, and Redis keeps the entries as far as its streams reach", trouble)
        self._metrics.failed(trouble)

    def end(self) -> None:
        """Report that the target was written to, if it refused before."""
        if self._metrics.is_paused:
            self._metrics.trouble = None
            logger.info("recording goes on")

    async def outlast(self, work: Callable[[], None]) -> None:
        """Do work in a thread, again and again until the target does not refuse it."""
        while True:
            try:
                await asyncio.to_thread(work)
            except OSError as error:
                self.begin(error)
                await asyncio.sleep(RETRY_S)
            else:
                self.end()
                return
