"""`Retention`: the removal of files that are too old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from tickfire.archive.commits import Commits, recorded
from tickfire.archive.metrics import RecordMetrics
from tickfire.archive.names import Source
from tickfire.archive.target import Target
from tickfire.archive.writer import TableWriter

EXPIRY_S: Final = 3600.0
"""Interval at which files that are too old are removed."""

logger = logging.getLogger(__name__)


class Retention:
    """Remover of files.

    Parameters
    ----------
    target : Target
    metrics : RecordMetrics
    lock : asyncio.Lock
        Held while files are removed.
    keep_days : float or None
        Age, in days, at which files are removed; None keeps them for ever.
    """

    def __init__(
        self,
        target: Target,
        metrics: RecordMetrics,
        lock: asyncio.Lock,
        keep_days: float | None,
    ) -> None:
        self._lock = lock
        self._target = target
        self._metrics = metrics
        self._keep_days = keep_days

    async def run(self, writers: Callable[[], Iterable[TableWriter]]) -> None:
        """Remove files until cancelled: those of writers, and of epochs that have ended."""
        while self._keep_days is not None:
            current = list(writers())
            await self.expire(current)
            await self._expire_others({(one.table.name, one.source) for one in current})
            await asyncio.sleep(EXPIRY_S)

    async def expire(self, writers: Iterable[TableWriter]) -> None:
        """Remove the files of some writers that are too old."""
        for writer in writers:
            await self._expire(writer.table.name, writer.commits)

    async def _expire_others(self, current: set[tuple[str, Source]]) -> None:
        try:
            found = await asyncio.to_thread(lambda: list(recorded(self._target)))
        except OSError as error:
            logger.warning("old files cannot be removed: %s", error)
            return
        for table, source in found:
            if (table, source) not in current:
                await self._expire(table, Commits(self._target, table, source))

    async def _expire(self, table: str, commits: Commits) -> None:
        if self._keep_days is None:
            return
        try:
            async with self._lock:
                files = await asyncio.to_thread(commits.expire, self._keep_days)
        except OSError as error:
            logger.warning("old files cannot be removed: %s", error)
        else:
            self._metrics.expired(table, files)
