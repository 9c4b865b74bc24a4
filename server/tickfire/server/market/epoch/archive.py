"""`Archive`: the files of an archive, read in a thread for the clients of a worker."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from tickfire.archive.names import LATEST_NS, day_of
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.extras import require_extra
from tickfire.base.units import NS_PER_S
from tickfire.base.worker_thread import WorkerThread
from tickfire.server.market.candles.archived import Older, bars_before
from tickfire.server.market.epoch.open_bars import bars_of
from tickfire.store.schema import MINUTE_S, Rows

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


class Begun(NamedTuple):
    """The present epoch of a feed, for an instrument.

    Attributes
    ----------
    epoch : bytes
    first : int
        Start of its first bar of a minute, in ns since the Unix epoch.
    """

    epoch: bytes
    first: int


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
        begun: Begun | None = None,
    ) -> tuple[Older, bool]:
        """Return the newest bars before a time; see `tickfire.server.market.candles.archived`.

        Parameters
        ----------
        feed, symbol, interval_s, before, limit, hours
        begun : Begun, optional
            The present epoch, of whose bars the caller has all.

        Returns
        -------
        older : Older
        is_before : bool
            True if they are those of earlier epochs alone, after which the present one goes on.

        Raises
        ------
        ArchiveUnavailable
            They cannot be read now.
        """

        def work(reader: ArchiveReader) -> tuple[Older, bool]:
            files = _SymbolBars(reader, feed, symbol)
            is_before = begun is not None and files.lead_to(begun)
            end = min(before, LATEST_NS)  # a client may ask for what is before the end of time
            return bars_before(files, interval_s, end, limit, hours), is_before

        return await self.read(work)


class _SymbolBars:
    """The bars of a symbol, as the feed has it; a `BarFiles`."""

    def __init__(self, reader: ArchiveReader, feed: int, symbol: str) -> None:
        self._reader, self._feed = reader, feed
        self._files, self._ticks = reader.bar_files(symbol), reader.tick_files(symbol)
        self._without: str | None = None

    def lead_to(self, begun: Begun) -> bool:
        """Leave out the present epoch, if it goes on after the others; return whether it does."""
        from tickfire.archive.tables import TICKS  # which needs the extra `archive`

        key, first = begun
        self._without = key.hex()
        later = self.bars((MINUTE_S,), first - first % (MINUTE_S * NS_PER_S), LATEST_NS)
        sources = self._reader.sources(TICKS)
        own = [one for one in sources if one.stream is not None and one.stream.feed == self._feed]
        last = [one for one in own if one.epoch != self._without][-1:]
        goes_on = all((rows["start"] <= first).all() for rows in later) and not any(
            one.stream is not None and self._reader.log.told_end(one.stream, one.epoch) is not None
            for one in last
        )
        if not goes_on:
            self._without = None
        return goes_on

    def days(self, until: int) -> Iterator[tuple[int, int]]:
        """Yield the days up to that of a time, the newest first, with the number of their files."""
        for day, count in self._files.newest_first(day_of(until)):
            yield int(np.datetime64(day, "ns").astype(np.int64)), count

    def bars(self, intervals_s: Sequence[int], begin: int, end: int) -> list[Rows]:
        """Return the pieces of bars; see `bars_of`."""
        files = self._files, self._ticks
        return bars_of(self._reader, files, self._feed, intervals_s, begin, end, self._without)


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
