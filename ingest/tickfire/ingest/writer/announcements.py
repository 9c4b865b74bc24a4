"""`Announcements`: the instrument table, the origin and the status of a feed, written to Redis.

They are written one after the other by a client of their own, not through the pipes. Each write is
repeated until it succeeds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from tickfire.base.units import utc
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.store.schema import Instrument
from tickfire.store.store import until_done

FINISH_S: Final = 1.0

logger = logging.getLogger(__name__)


class Announcements:
    """Writer of a feed's announcements.

    Parameters
    ----------
    writer : EpochWriter
    on_written : callable
        Called whenever nothing waits any more.

    Attributes
    ----------
    gaps : Counter
        Number of gaps announced, by reason.
    """

    def __init__(self, writer: EpochWriter, on_written: Callable[[], None]) -> None:
        self._writer = writer
        self._on_written = on_written
        self.gaps: Counter[str] = Counter()
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._unwritten = 0  # those that wait, and the one under way

    @property
    def pending(self) -> bool:
        """True while any announcement is not written yet; the ticks after it must wait too."""
        return self._unwritten > 0

    def instruments(self, new: list[Instrument]) -> None:
        """Announce instruments."""
        self._then(partial(self._writer.put_instruments, new))

    def session(self, new: list[Instrument], origin: str, dataset: str) -> None:
        """Announce that a session has begun, with its instruments and the origin of its ticks."""
        self._then(
            partial(self._writer.put_instruments, new),
            partial(self._writer.put_origin, origin),
        )
        self.tell("session", dataset)

    def gap(self, begin: int, end: int) -> None:
        """Announce that the data of the feed between two times, in ns, is lost."""
        self.gaps["resume"] += 1
        detail = f"no data from {utc(begin)} to {utc(end)}"
        logger.warning("%s, which the gateway no longer has", detail)
        self.tell("gap", detail, begin, end)

    def missing(self, detail: str, reason: str = "source") -> None:
        """Announce that data is missing, in one sentence."""
        self.gaps[reason] += 1
        logger.warning("%s", detail)
        self.tell("gap", detail)

    def tell(self, kind: str, detail: str, begin: int = 0, end: int = 0) -> None:
        """Announce something of the feed in the stream ``status``."""
        status = self._writer.status(kind, detail, begin, end)
        self._then(partial(self._writer.put_status, status))

    # --- writing
    async def run(self) -> None:
        """Write announcements until cancelled.

        Raises
        ------
        LeaseLost
            Another process has begun to write.
        """
        while True:
            await until_done(await self._waiting.get(), "writing to Redis", logger)
            self._unwritten -= 1
            self._waiting.task_done()
            if not self._unwritten:
                self._on_written()

    async def flushed(self) -> None:
        """Wait until every announcement is written."""
        await self._waiting.join()

    async def finish(self) -> None:
        """Wait until every announcement is written; those that Redis does not take are lost."""
        try:
            async with asyncio.timeout(FINISH_S):
                await self.flushed()
        except TimeoutError:
            logger.warning("announcements that were not written: %d", self._unwritten)

    def _then(self, *writes: Callable[[], Awaitable[None]]) -> None:
        for write in writes:
            self._unwritten += 1
            self._waiting.put_nowait(write)
