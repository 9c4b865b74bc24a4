"""`ReportWriter`: the reports of a feed, on their way to Redis.

Reports are rare, so they are written by one task through the redis-py client. Their ids are
explicit, so that Redis refuses an entry that it already has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from tickfire.ingest.dbn.reports import decode_report_record
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.entries import id_parts
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.head import APPEND_FENCED, Arguments
from tickfire.store.lease import LeaseLost
from tickfire.store.reports import (
    EPOCH_FIELD,
    FENCE_FIELD,
    HISTORY_REPORTS,
    Report,
    decode_report,
    encode_report,
    present_field,
    present_key,
    report_streams,
    stream_of,
)
from tickfire.store.schema import shard_of
from tickfire.store.store import Store, until_done

MAX_WAITING: Final = 4_096
"""Reports that may wait for Redis before the session is held."""
REPORTS_PER_WRITE: Final = 256
FINISH_S: Final = 2.0

logger = logging.getLogger(__name__)


class ReportWriter:
    """Writer of the reports of a feed.

    Parameters
    ----------
    store : Store
    states : InstrumentStates
        They know the positions of the ticks.
    feed : int
    epoch : callable
        Returns the key of the current epoch. Reports of another one are removed.
    fence : callable
        Returns the fencing number of this process.
    on_progress : callable
        Called after each write.
    """

    def __init__(
        self,
        store: Store,
        states: InstrumentStates,
        feed: int,
        epoch: Callable[[], bytes],
        fence: Callable[[], int],
        on_progress: Callable[[], None],
    ) -> None:
        self._client: Any = store.client
        self._states = states
        self._feed = feed
        self._epoch, self._fence = epoch, fence
        self._on_progress = on_progress
        self._resumes = False
        self._written_epoch = b""
        self._next_id = 1
        self._present: dict[bytes, Report] = {}
        self._waiting: deque[tuple[int, Report]] = deque()
        self._arrived = asyncio.Event()
        self._written = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """True while as many reports wait for Redis as may."""
        return len(self._waiting) >= MAX_WAITING

    @property
    def unwritten(self) -> int:
        """Number of reports that wait for Redis."""
        return len(self._waiting)

    def begin_session(self, *, resumes: bool) -> None:
        """Note that a session begins, and whether it repeats what came before."""
        self._resumes = resumes

    def take(self, record: bytes) -> bool:
        """Take a record; return whether it is a report.

        A session that resumes repeats reports: one that is older than the present one, or the same,
        is left out.
        """
        number = int.from_bytes(record[4:8], "little")
        shard = shard_of(self._feed, number, len(self._states.positions))
        report = decode_report_record(record, self._feed, int(self._states.positions[shard]))
        if report is None:
            return False
        field = present_field(report)
        before = self._present.get(field)
        if before is not None and self._resumes and _is_repetition(report, before):
            return True
        self._present[field] = report
        self._waiting.append((self._next_id, report))
        self._next_id += 1
        self._arrived.set()
        return True

    # --- writing
    async def run(self) -> None:
        """Write reports until cancelled."""
        await self._persist(self._open)
        while True:
            self._arrived.clear()
            while self._waiting:
                await self._persist(self._write)
                self._written.set()
                self._on_progress()
            await self._arrived.wait()

    async def flushed(self) -> None:
        """Wait until every report is written."""
        while self._waiting:
            self._written.clear()
            await self._written.wait()

    async def finish(self) -> None:
        """Write what waits, once `run` has ended; if Redis does not take it, it is lost."""
        try:
            async with asyncio.timeout(FINISH_S):
                while self._waiting and self._written_epoch:
                    await self._write()
        except (TimeoutError, LeaseLost, *REDIS_ERRORS) as error:
            logger.warning("%d reports were not written: %r", len(self._waiting), error)

    async def _persist(self, write: Callable[[], Any]) -> None:
        await until_done(write, "writing reports to Redis", logger)

    async def _open(self) -> None:
        """Go on after the reports in Redis."""
        held = await self._client.hgetall(present_key(self._feed))
        self._written_epoch = held.pop(EPOCH_FIELD, b"")
        held.pop(FENCE_FIELD, None)
        if self._written_epoch != self._epoch():
            await self._begin_epoch()
            return
        found = {field: decode_report(data) for field, data in held.items()}
        known = {field: report for field, report in found.items() if report is not None}
        self._present = known | self._present
        newest = [await self._client.xrevrange(key, count=1) for key in report_streams(self._feed)]
        last = max((id_parts(entries[0][0])[0] for entries in newest if entries), default=0)
        self._waiting = deque((at + last, report) for at, report in self._waiting)
        self._next_id += last

    async def _begin_epoch(self) -> None:
        """Remove the reports of an earlier epoch, and write the present ones again."""
        fields = {field: encode_report(report) for field, report in self._present.items()}
        present, epoch = present_key(self._feed), self._epoch()
        pairs = [part for field in {EPOCH_FIELD: epoch, **fields}.items() for part in field]
        fence = (FENCE_FIELD, self._fence())
        await self._run(
            [
                (b"UNLINK", present, *report_streams(self._feed)),
                (b"HSET", present, *fence, *pairs[:2]),
                *((b"HSET", present, *pairs[at : at + 2]) for at in range(2, len(pairs), 2)),
            ]
        )
        self._written_epoch = epoch

    async def _run(self, commands: Sequence[Arguments]) -> None:
        """Run commands together, unless a later writer has written reports of the feed.

        Raises
        ------
        LeaseLost
            One has.
        """
        present = present_key(self._feed)
        keys = dict.fromkeys((present, *report_streams(self._feed)))
        flat = [part for command in commands for part in (len(command), *command)]
        arguments = (*keys, FENCE_FIELD, self._fence(), *flat)
        if not await self._client.eval(APPEND_FENCED, len(keys), *arguments):
            raise LeaseLost("another process has begun to write")

    async def _write(self) -> None:
        if self._written_epoch != self._epoch():
            await self._begin_epoch()
        some = list(islice(self._waiting, REPORTS_PER_WRITE))
        commands: list[Arguments] = []
        for number, report in some:
            data, key = encode_report(report), stream_of(report)
            commands.append(
                (b"XADD", key, b"MAXLEN", b"~", HISTORY_REPORTS, b"%d-0" % number, b"d", data)
            )
            commands.append((b"HSET", present_key(self._feed), present_field(report), data))
        await self._run(commands)
        for _ in some:
            self._waiting.popleft()


def _is_repetition(report: Report, present: Report) -> bool:
    same = msgspec.structs.replace(report, n=present.n) == present
    return same or report.received < present.received
