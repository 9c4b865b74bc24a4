"""`Archive`: the files of an archive, read in a thread for the clients of a worker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

from tickfire.base.calendar.hours import TradingHours
from tickfire.base.extras import require_extra
from tickfire.server.market.candles.archived import bars_before
from tickfire.server.market.candles.series import Bars
from tickfire.store.schema import Rows

MEMORY_MIB: Final = 512
MAX_WAITING: Final = 16
"""Requests that wait for their turn; more are refused."""
DAYS_S: Final = 5.0
"""Time for which the oldest day of bars is remembered."""

logger = logging.getLogger(__name__)


class ArchiveBusy(Exception):
    """Raised when too many requests wait for the files."""


class ArchiveUnavailable(Exception):
    """Raised when the files cannot be read; the cause says why."""


class Archive:
    """The files of an archive.

    Parameters
    ----------
    target : str
        A folder, or an address of fsspec.

    Raises
    ------
    UserError
        The packages of the archive are not installed, or the target is not known.
    """

    def __init__(self, target: str) -> None:
        require_extra("archive", "the archive")
        from tickfire.archive.reading import ArchiveReader
        from tickfire.archive.target import Target

        # The other cores, and the rest of the memory, are for live data.
        self._reader = ArchiveReader(Target(target), threads=1, memory_mib=MEMORY_MIB)
        self._threads = ThreadPoolExecutor(1, "archive")
        self._waiting = 0
        self._oldest: tuple[float, int | None] = (0.0, None)

    def close(self) -> None:
        """End the thread, once it has done its work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read[T](self, work: Callable[[Any], T]) -> T:
        """Return the result of work with the reader, which is done in a thread.

        Raises
        ------
        ArchiveBusy
            Too many requests wait.
        ArchiveUnavailable
            The files cannot be read.
        """
        if self._waiting >= MAX_WAITING:
            raise ArchiveBusy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._tried, work)
        finally:
            self._waiting -= 1

    def _tried[T](self, work: Callable[[Any], T]) -> T:
        import duckdb

        try:
            return work(self._reader)
        except (duckdb.IOException, FileNotFoundError):  # a file was removed for its age
            try:
                return work(self._reader)
            except (OSError, duckdb.Error) as error:
                raise ArchiveUnavailable(str(error)) from error
        except (OSError, duckdb.Error) as error:
            raise ArchiveUnavailable(str(error)) from error

    async def bars_before(
        self,
        feed: int,
        symbol: str,
        interval_s: int,
        before: int,
        limit: int,
        hours: TradingHours,
    ) -> tuple[Bars, bool]:
        """Return the newest bars before a time; see `tickfire.server.market.candles.archived`.

        Raises
        ------
        ArchiveBusy, ArchiveUnavailable
            They cannot be read now.
        """
        return await self.read(
            lambda _: bars_before(self, feed, symbol, interval_s, before, limit, hours)
        )

    # --- called in the thread
    def oldest(self) -> int | None:
        """Return the first time of the bars, in ns since the Unix epoch, None without any."""
        read_at, oldest = self._oldest
        now = time.monotonic()
        if not read_at or now - read_at > DAYS_S:
            days = self._reader.days("bars")
            oldest = int(np.datetime64(days[0], "ns").astype(np.int64)) if days else None
            self._oldest = now, oldest
        return oldest

    def bars(
        self, feed: int, symbol: str, intervals_s: Sequence[int], begin: int, end: int
    ) -> list[Rows]:
        """Return the pieces of bars; see `tickfire.archive.reading`."""
        return self._reader.bars(feed, symbol, intervals_s, begin, end)
