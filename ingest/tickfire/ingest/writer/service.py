"""`Ingest`: the process that reads a live gateway and writes Redis Streams."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from tickfire.base.run import until_stopped
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.pipe import ACKNOWLEDGED, Pipe
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.ingest.writer.sessions import Sessions
from tickfire.ingest.writer.skipped import SkippedRecords
from tickfire.store.heartbeat import Heartbeat
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

    Attributes
    ----------
    states : InstrumentStates
    parser : Parser
    writer : EpochWriter
    instruments : InstrumentTable
    output : Output
    reports : ReportWriter
    sessions : Sessions
    """

    def __init__(self, config: IngestConfig, store: Store) -> None:
        self.states = InstrumentStates(config.shards, config.feed)
        self.parser = Parser(self.states)
        self.writer = EpochWriter(store, config.shards)
        self.instruments = InstrumentTable(config.feed, config.subscription.dataset)
        self.output = Output(config, store, self.states, self.instruments, self.writer, self._go_on)
        announcements = Announcements(self.writer, self._go_on)
        self.reports = ReportWriter(
            store, self.states, config.feed, lambda: self.writer.epoch, self._go_on
        )
        self.sessions = Sessions(
            config, self.parser, self.instruments, self.output, self.reports, announcements
        )
        self._skipped = SkippedRecords(self.states)
        self._heartbeat = Heartbeat(store, "ingest", self._figures, lambda: self.sessions.feed)

    @property
    def pipes(self) -> list[Pipe]:
        """The pipes of the output."""
        return self.output.pipes

    async def run(self) -> None:
        """Read the feed until cancelled.

        Raises
        ------
        ExceptionGroup
            Holds `FeedRefused` if the gateway refused the key.
        """
        await self.output.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                for pipe in self.pipes:
                    tasks.create_task(pipe.run())
                tasks.create_task(self._snapshots())
                tasks.create_task(self._report())
                tasks.create_task(self._heartbeat.run())
                tasks.create_task(self.reports.run())
                tasks.create_task(self.sessions.run())
        finally:
            self._warn(self._skipped.changed())

    def _go_on(self) -> None:
        self.sessions.go_on()

    async def _snapshots(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_INTERVAL_S)
            self._warn(self._skipped.appeared())
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


async def run(config: IngestConfig, redis_url: str) -> None:
    """Run ingest until SIGINT or SIGTERM.

    Raises
    ------
    UserError
        If Redis cannot be reached, or the gateway refused the key.
    """
    store = await Store.open(redis_url)
    try:
        await until_stopped(Ingest(config, store).run())
        logger.info("stopped")
    finally:
        await store.close()
