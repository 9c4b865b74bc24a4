"""`Ingest`: the process that reads a feed and writes Redis Streams."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from tickfire.base.attended import attended
from tickfire.base.endpoint import Endpoint
from tickfire.base.garbage import freeze
from tickfire.base.run import until_stopped
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel.intake import SOURCES_PER_INSTRUMENT, Intake
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.books import BookWriter
from tickfire.ingest.writer.claims import was_cut_off
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.figures import Figures
from tickfire.ingest.writer.gaps import VenueGaps
from tickfire.ingest.writer.history import HistoryWriter
from tickfire.ingest.writer.metrics import IngestMetrics
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.pipe import Pipe
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.ingest.writer.sessions import Sessions
from tickfire.ingest.writer.skipped import SkippedRecords
from tickfire.ingest.writer.summary import Summary
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.lease import Lease, LeaseLost, feed_work
from tickfire.store.schema import ingest_process
from tickfire.store.standby import take_lease
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
    figures : Figures
    """

    def __init__(self, config: IngestConfig, store: Store, lease: Lease) -> None:
        self._lease = lease
        self._feed = config.feed
        self.states = InstrumentStates(
            config.shards, config.feed, max_instruments=config.max_instruments
        )
        most = SOURCES_PER_INSTRUMENT * config.max_instruments
        intake = Intake(dense=config.dense, most=most)
        self.parser = Parser(self.states, intake=intake)
        self.writer = EpochWriter(store, config.feed, config.shards, lease, reshard=config.reshard)
        self.instruments = InstrumentTable(config.feed, config.adapter.name, config.max_instruments)
        self.output = Output(config, store, self.states, self.instruments, self.writer, self._go_on)
        self._announcements = Announcements(self.writer, self._go_on)
        self.reports = ReportWriter(
            store,
            self.states,
            config.feed,
            lambda: self.writer.epoch,
            lambda: self.writer.fence,
            self._go_on,
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
            config.streams,
        )
        self._skipped = SkippedRecords(self.states, intake, self.instruments)
        self.figures = Figures(
            self.parser, intake, self.output, self.sessions, self._skipped, self._announcements
        )
        self._summary = Summary(self.figures, time.monotonic)
        self._gaps = VenueGaps(
            intake,
            lambda reason, detail: self._announcements.missing(detail, reason),
            time.monotonic,
        )
        self._heartbeat = Heartbeat(
            store, ingest_process(config.feed), self.figures.beat, lambda: self.sessions.feed
        )

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
        # Before an epoch begins: no server shall take a feed that has yet to catch up for one that
        # has.
        await self._heartbeat.beat()
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
        await self._heartbeat.beat()  # the last one, which says that the feed has ended

    async def _write_while(self, *readers: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Write what some functions read until the first of them ends."""
        await self.output.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = [tasks.create_task(pipe.run()) for pipe in self.pipes]
                writing.append(tasks.create_task(self._announcements.run()))
                writing.append(tasks.create_task(self._lease.keep()))
                reading = [tasks.create_task(each()) for each in readers]
                try:
                    await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in reading:
                        task.cancel()
                    self._gaps.look()
                    if not any(task.done() or task.cancelling() for task in writing):
                        await asyncio.gather(*reading, return_exceptions=True)
                        await asyncio.gather(self.reports.finish(), self._announcements.finish())
                        await self.output.close()
                    for task in writing:
                        task.cancel()
        finally:
            self._warn(self._skipped.changed())
            logger.info("feed %d: %s", self._feed, self._summary.of_all())

    def _go_on(self) -> None:
        self.sessions.go_on()

    async def _snapshots(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_INTERVAL_S)
            self._warn(self._skipped.appeared())
            self._warn(self._skipped.restamped())
            self._gaps.look()
            self.sessions.look()
            if not self.sessions.must_wait:
                self.sessions.store_cursors()
                self.sessions.close_quiet_bars()
                self.output.write_snapshots()

    # --- reporting
    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_INTERVAL_S)
            logger.info("feed %d: %s", self._feed, self._summary.since_last())
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


async def run(feeds: Sequence[Feed], redis_url: str, endpoint: Endpoint | None = None) -> None:
    """Write feeds until SIGINT or SIGTERM, or until none of them has more data.

    Parameters
    ----------
    feeds : sequence of Feed
    redis_url : str
    endpoint : Endpoint, optional
        Serves the metrics of this process.

    Raises
    ------
    UserError
        If Redis refuses the connection, its data has another number of shards, another process
        writes a feed and `config.standby` is false, or a source refused for good.
    """
    metrics = IngestMetrics()
    lag = asyncio.ensure_future(metrics.lag.run())
    try:
        async with attended(metrics.registry, endpoint):
            await until_stopped(_write_all(feeds, redis_url, metrics))
        logger.info(
            "stopped; the event loop was late by %.0f ms at most", metrics.lag.worst_s * 1e3
        )
    finally:
        lag.cancel()


async def _write_all(feeds: Sequence[Feed], redis_url: str, metrics: IngestMetrics) -> None:
    async with (
        await Store.open(redis_url, patience_s=math.inf) as store,
        asyncio.TaskGroup() as tasks,
    ):
        for feed in feeds:
            tasks.create_task(write_feed(feed.config, store, feed.past, metrics))


async def write_feed(
    config: IngestConfig,
    store: Store,
    past: Past | None = None,
    metrics: IngestMetrics | None = None,
) -> None:
    """Write a feed while this process holds its lease, and wait while another does.

    Raises
    ------
    UserError, ExceptionGroup
        As `Ingest.run`; or another process writes the feed and `config.standby` is false.
    """
    lease = Lease(store, feed_work(config.feed))
    feeds = metrics.feeds if metrics is not None else {}
    try:
        while True:
            feeds[config.feed] = None
            await take_lease(
                lease,
                store,
                standby=config.standby,
                may_return=partial(was_cut_off, store, config.streams),
            )
            try:
                if past is not None:
                    config = replace(config, since=await _kept(lease, past(store, config)))
                ingest = Ingest(config, store, lease)
                feeds[config.feed] = ingest.figures
                freeze()
                await ingest.run()
                return
            except* LeaseLost as lost:
                logger.warning("stopped writing: %s", lost.exceptions[0])
                await lease.release()  # which it still has if another may come back for it
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
