"""`Archive`: the files of an archive, read in a thread for the clients of a worker."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tickfire.archive.names import day_of
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.extras import require_extra
from tickfire.base.worker_thread import WorkerThread
from tickfire.server.market.candles.archived import Older, bars_before
from tickfire.server.market.epoch.open_bars import bars_of
from tickfire.store.schema import Rows

if TYPE_CHECKING:
    from tickfire.archive.reading import ArchiveReader

MEMORY_MIB: Final = 512
MAX_WAITING: Final = 16
"""Requests that wait for their turn; more are refused."""
READ_S: Final = 30.0
"""Time after which a request is given up."""
CLOSE_S: Final = 2.0
"""Time that the request in progress has to end when the server stops."""
INTERRUPT_S: Final = 0.1
"""Interval at which it is interrupted meanwhile."""


class ArchiveUnavailable(Exception):
    """Raised when the files cannot be read; the cause says why."""


class ArchiveBusy(ArchiveUnavailable):
    """Raised when too many requests wait for the files."""

    def __init__(self) -> None:
        super().__init__("too many requests wait for the archive")


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
        self._thread = WorkerThread("archive")
        self._waiting = 0
        self._is_closed = False

    async def close(self) -> None:
        """End the thread, which gives up its read."""
        self._is_closed = True
        self._thread.stop()
        for _ in range(round(CLOSE_S / INTERRUPT_S)):
            self._reader.interrupt()  # one that comes just before a query begins is without effect
            if await self._thread.ended(INTERRUPT_S):
                break

    async def read[T](self, work: Callable[[Any], T]) -> T:
        """Return the result of work with the reader, which is done in a thread.

        Raises
        ------
        ArchiveBusy
            Too many requests wait.
        ArchiveUnavailable
            The files cannot be read, or not in time.
        """
        if self._waiting >= MAX_WAITING:
            raise ArchiveBusy
        self._waiting += 1
        try:
            return await asyncio.wrap_future(self._thread.submit(lambda: self._tried(work)))
        except asyncio.CancelledError:
            if self._is_closed and not _is_cancelling():
                raise ArchiveUnavailable("the server stops") from None
            raise
        finally:
            self._waiting -= 1

    def _tried[T](self, work: Callable[[Any], T]) -> T:
        import duckdb

        self._reader.deadline = 0.0 if self._is_closed else time.monotonic() + READ_S
        timer = threading.Timer(READ_S, self._reader.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return work(self._reader)
        except (duckdb.IOException, FileNotFoundError):  # a file was removed: merged, or too old
            try:
                return work(self._reader)
            except (OSError, duckdb.Error) as error:
                raise ArchiveUnavailable(str(error)) from error
        except duckdb.InterruptException as error:
            raise ArchiveUnavailable(f"reading took more than {READ_S:g} s") from error
        except (OSError, duckdb.Error) as error:
            raise ArchiveUnavailable(str(error)) from error
        finally:
            timer.cancel()
            timer.join()  # or one that fires just now would interrupt the next read

    async def bars_before(
        self,
        feed: int,
        symbol: str,
        interval_s: int,
        before: int,
        limit: int,
        hours: TradingHours,
    ) -> Older:
        """Return the newest bars before a time; see `tickfire.server.market.candles.archived`.

        Raises
        ------
        ArchiveUnavailable
            They cannot be read now.
        """
        return await self.read(
            lambda reader: bars_before(
                _SymbolBars(reader, feed, symbol), interval_s, before, limit, hours
            )
        )


class _SymbolBars:
    """The bars of a symbol, as the feed has it; a `BarFiles`."""

    def __init__(self, reader: ArchiveReader, feed: int, symbol: str) -> None:
        self._reader, self._feed = reader, feed
        self._files, self._ticks = reader.bar_files(symbol), reader.tick_files(symbol)

    def days(self, until: int) -> Iterator[tuple[int, int]]:
        """Yield the days up to that of a time, the newest first, with the number of their files."""
        for day, count in self._files.newest_first(day_of(until)):
            yield int(np.datetime64(day, "ns").astype(np.int64)), count

    def bars(self, intervals_s: Sequence[int], begin: int, end: int) -> list[Rows]:
        """Return the pieces of bars; see `bars_of`."""
        files = self._files, self._ticks
        return bars_of(self._reader, files, self._feed, intervals_s, begin, end)


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
