"""`Ingest`: the process that reads a feed and writes Redis Streams."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tickfire.base.errors import UserError
from tickfire.base.run import until_stopped
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.books.words import BOOKS_RESYNCS
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.books import BookWriter
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.history import HistoryWriter
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.pipe import ACKNOWLEDGED, Pipe
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.ingest.writer.sessions import Sessions
from tickfire.ingest.writer.skipped import SkippedRecords
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.lease import Holder, Lease, LeaseLost
from tickfire.store.schema import Stream
from tickfire.store.store import Store

SNAPSHOT_INTERVAL_S: Final = 0.25
REPORT_INTERVAL_S: Final = 60.0

logger = logging.getLogger(__name__)


class Ingest:
    """A service that writes one feed to Redis.

    Parameters
    ----------
    config : IngestConfig
    store : Store
        The caller closes it.
    lease : Lease
        Held by this process.

    Attributes
    ----------
    states : InstrumentStates
    parser : Parser
    writer : EpochWriter
    instruments : InstrumentTable
    output : Output
    reports : ReportWriter
    sessions : Sessions
    history : HistoryWriter
    """

    def __init__(self, config: IngestConfig, store: Store, lease: Lease) -> None:
        self._lease = lease
        self.states = InstrumentStates(config.shards, config.feed)
        self.parser = Parser(self.states, intake=Intake())
        self.writer = EpochWriter(store, config.feed, config.shards, lease, reshard=config.reshard)
        self.instruments = InstrumentTable(config.feed, config.adapter.name)
        self.output = Output(config, store, self.states, self.instruments, self.writer, self._go_on)
        self._announcements = Announcements(self.writer, self._go_on)
        self.reports = ReportWriter(
            store, self.states, config.feed, lambda: self.writer.epoch, self._go_on
        )
        self.sessions = Sessions(
            config, self.parser, self.instruments, self.output, self.reports, self._announcements
        )
        self._books = BookWriter(
            self.states, self.output, config.book_hz, lambda: self.sessions.must_wait
        )
        self.history = HistoryWriter(
            store,
            self.states,
            self.instruments,
            self.output,
            self.writer.put_instruments,
            [Stream(config.feed, shard) for shard in range(config.shards)],
        )
        self._skipped = SkippedRecords(self.states, self.parser.intake)
        self._heartbeat = Heartbeat(store, config.beat, self._figures, lambda: self.sessions.feed)

    @property
    def pipes(self) -> list[Pipe]:
        """The pipes of the output."""
        return self.output.pipes

    async def run(self) -> None:
        """Read the feed until cancelled, or until it has no more data.

        Raises
        ------
        UserError
            The data in Redis has another number of shards.
        LeaseLost
            Another process began to write before this one did.
        ExceptionGroup
            Holds `FeedRefused` if the gateway refused the key, or `LeaseLost`.
        """
        await self._write_while(
            self._snapshots,
            self._report,
            self._heartbeat.run,
            self.reports.run,
            self._books.run,
            self.history.run,
            self._read,
        )

    async def write_history(self) -> None:
        """Write the history that waits, without reading the feed.

        Raises
        ------
        UserError, LeaseLost, ExceptionGroup
            As `run`.
        """
        await self._write_while(self.history.drain)

    async def _read(self) -> None:
        await self.history.is_drained.wait()  # so that the feed's bars come after it
        await self.sessions.run()
        await self._announcements.flushed()
        await self.reports.flushed()
        self._books.write()

    async def _write_while(self, *readers: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Write what some functions read until the first of them ends."""
        await self.output.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = [tasks.create_task(pipe.run()) for pipe in self.pipes]
                writing.append(tasks.create_task(self._lease.keep()))
                reading = [tasks.create_task(each()) for each in readers]
                try:
                    await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in reading:
                        task.cancel()
                    if not any(task.done() or task.cancelling() for task in writing):
                        await self.output.close()
                    for task in writing:
                        task.cancel()
        finally:
            self._warn(self._skipped.changed())

    def _go_on(self) -> None:
        self.sessions.go_on()

    async def _snapshots(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_INTERVAL_S)
            self._warn(self._skipped.appeared())
            self._warn(self._skipped.restamped())
            if not self.sessions.must_wait:
                self.sessions.close_quiet_bars()
                self.output.write_snapshots()

    # --- reporting
    def _figures(self) -> dict[str, float]:
        """Return the figures of a heartbeat; see docs/formats.md."""
        now = time.time_ns()
        acknowledged = [pipe.recent.quantiles(now)[ACKNOWLEDGED] for pipe in self.pipes]
        return {
            "records": self.states.count(ctx.COUNT_RECORDS),
            "skipped": self._skipped.total,
            "position": int(self.states.positions.sum()),
            "books": len(self.states.books),
            "book_resyncs": self.states.books.count(BOOKS_RESYNCS),
            "unparsed_bytes": self.parser.pending,
            "unacknowledged_writes": sum(pipe.unacknowledged for pipe in self.pipes),
            "acknowledged_count": sum(each.count for each in acknowledged),
            "acknowledged_p50_ns": max((each.p50 for each in acknowledged), default=0),
            "acknowledged_p99_ns": max((each.p99 for each in acknowledged), default=0),
        }

    async def _report(self) -> None:
        before = 0
        while True:
            await asyncio.sleep(REPORT_INTERVAL_S)
            records = self.states.count(ctx.COUNT_RECORDS)
            rate = (records - before) / REPORT_INTERVAL_S
            before = records
            logger.info("%.0f records/s, %d instruments", rate, len(self.states.rows))
            self._warn(self._skipped.changed())

    def _warn(self, sentences: list[str]) -> None:
        for sentence in sentences:
            logger.warning("%s", sentence)


type Past = Callable[[Store, IngestConfig], Awaitable[int | None]]
"""Fetches the history of a feed that has no data yet; returns its end in ns, None without one."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed to write.

    Attributes
    ----------
    config : IngestConfig
    past : callable, optional
        Called before the feed is read, by the process that holds its lease.
    """

    config: IngestConfig
    past: Past | None = None


async def run(feeds: Sequence[Feed], redis_url: str) -> None:
    """Write feeds until SIGINT or SIGTERM, or until none of them has more data.

    Raises
    ------
    UserError
        If Redis cannot be reached, its data has another number of shards, another process writes
        a feed and `config.standby` is false, or a source refused for good.
    """
    store = await Store.open(redis_url)
    try:
        await until_stopped(_write_all(feeds, store))
        logger.info("stopped")
    finally:
        await store.close()


async def _write_all(feeds: Sequence[Feed], store: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        for feed in feeds:
            tasks.create_task(write_feed(feed.config, store, feed.past))


async def write_feed(config: IngestConfig, store: Store, past: Past | None = None) -> None:
    """Write a feed while this process holds its lease, and wait while another does.

    Raises
    ------
    UserError, ExceptionGroup
        As `Ingest.run`; or another process writes the feed and `config.standby` is false.
    """
    lease = Lease(store, config.feed)
    try:
        while True:
            await take_lease(config, lease)
            try:
                if past is not None:
                    config = replace(config, since=await _kept(lease, past(store, config)))
                await Ingest(config, store, lease).run()
                return
            except* LeaseLost as lost:
                logger.warning("stopped writing: %s", lost.exceptions[0])
    finally:
        await lease.release()
        lease.close()


async def _kept[T](lease: Lease, work: Awaitable[T]) -> T:
    """Keep the lease while something is awaited."""
    keeping = asyncio.ensure_future(lease.keep())
    try:
        return await work
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def take_lease(config: IngestConfig, lease: Lease) -> None:
    """Wait until this process holds the lease of the feed.

    Raises
    ------
    UserError
        Another process holds it and `config.standby` is false.
    """
    waited = False

    def on_standby(holder: Holder) -> None:
        nonlocal waited
        waited = True
        if not config.standby:
            raise UserError(
                f"feed {config.feed} is written by another ingest, {holder}; stop that one, or"
                " leave out --no-standby to wait for its end."
            )
        logger.info(
            "feed %d is written by another ingest, %s; waiting as standby", config.feed, holder
        )

    await lease.wait(on_standby)
    if waited:
        logger.info("taking over feed %d", config.feed)
