"""`Sessions`: one session of a feed after another, each written to the output.

The session is held while too many writes wait for Redis, or while a change to the instrument table
is being written, so that no tick is published before its symbol.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Final

from tickfire.base.durations import Durations
from tickfire.base.retry import Backoff
from tickfire.base.units import NS_PER_S
from tickfire.ingest.adapter.protocol import FeedFinished, FeedRefused, Resume, Source
from tickfire.ingest.adapter.session import FeedSession
from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg, decode_control
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import (
    ERROR_REPLAY_AGED_OUT,
    LATEST_NS,
    RTYPE_ERROR,
    RTYPE_SYSTEM,
    SYSTEM_END_OF_INTERVAL,
    SYSTEM_REPLAY_COMPLETED,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.context import COUNT_RECORDS
from tickfire.ingest.kernel.intake_context import AHEAD_NS
from tickfire.ingest.kernel.parse import Batch, Parser
from tickfire.ingest.lsg.lines import REPLAY_BEGINS_AGAIN
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.clock import FeedClock
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.cursors import WRITTEN_APART, CursorFields
from tickfire.ingest.writer.feed_watch import FeedWatch
from tickfire.ingest.writer.messages import GatewayMessages
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.ingest.writer.resume import Resumption
from tickfire.store.schema import LIVE, REPLAY, Instrument

RECONNECT_S: Final = 0.2
RECONNECT_MAX_S: Final = 1.0
NEAR_NS: Final = 10 * NS_PER_S
"""Age of ticks at their arrival up to which a source sends the present."""

logger = logging.getLogger(__name__)


class Sessions:
    """Reader of a feed, which reconnects as needed.

    Parameters
    ----------
    config : IngestConfig
    parser : Parser
    instruments : InstrumentTable
    output : Output
    reports : ReportWriter
    announcements : Announcements

    Attributes
    ----------
    feed : FeedState
        The state of the feed.
    count : int
        Number of sessions begun.
    lag_ns : int
        Time from the latest record to its receipt, by the feed's clock.
    receive : Durations
        The same of each receipt of data, but of a recording and of the past that a source sends
        first.
    messages : GatewayMessages
    """

    def __init__(
        self,
        config: IngestConfig,
        parser: Parser,
        instruments: InstrumentTable,
        output: Output,
        reports: ReportWriter,
        announcements: Announcements,
    ) -> None:
        self._config = config
        self._parser = parser
        self._states = parser.states
        self._instruments = instruments
        self._output = output
        self._reports = reports
        self._announcements = announcements
        self._session: FeedSession | None = None
        assert parser.intake is not None
        self._intake = parser.intake
        self._clock = FeedClock()
        self._origin = LIVE
        self._cursors = CursorFields(self._intake, config.feed, config.shards)
        self._resumption = Resumption(self._intake, config.backfill_s, config.since)
        self._watch = FeedWatch(
            config.feed, time.time_ns(), int(config.stale_s * NS_PER_S), self._is_open
        )
        self.feed = self._watch.look(time.time_ns())
        self._records = 0
        self._has_data = self._asks_for_past = False
        self._without: frozenset[str] = frozenset()
        self.count = self.lag_ns = 0
        self.receive = Durations()
        self.messages = GatewayMessages(
            announcements.tell,
            lambda detail: announcements.missing(detail, "gateway"),
            time.monotonic,
        )

    def look(self) -> None:
        """Bring the state of the feed up to date, and announce that it is up or stale."""
        now = time.time_ns()
        if self.must_wait:
            self._watch.hold(now)
        before, self.feed = self.feed, self._watch.look(now)
        if self.feed.connected and self.feed.state != before.state:
            logger.info("feed %d is %s: %s", self._config.feed, self.feed.state, self.feed.name)
            self._announcements.tell(f"feed_{self.feed.state}", self.feed.name)

    def _is_open(self, dataset: str, now: int) -> bool:
        is_live = self._origin == LIVE
        return not is_live or self._config.sessions.of(dataset, "").is_open(now)

    async def run(self) -> None:
        """Read the feed until cancelled, or until it has no more data.

        Raises
        ------
        FeedRefused
            The source refused for good, as a gateway refuses a wrong key.
        """
        self._resumption.seen = self._cursors.restore(await self._output.read_cursors())
        backoff = Backoff(RECONNECT_S, RECONNECT_MAX_S)
        while True:
            began = time.monotonic()
            self._has_data = False
            self._session = FeedSession(
                self._config.adapter,
                self._parser,
                plan=self._plan,
                on_start=self._start,
                on_batch=self._take,
                on_gap=self._announcements.missing,
            )
            try:
                why = await self._session.run()
            finally:
                self._session = None
            if repeated := self._intake.take_repeated():
                logger.info("the session repeated %d records that were seen before", repeated)
            if isinstance(why, FeedRefused):
                raise why
            if isinstance(why, FeedFinished):
                self._finish(why)
                return
            if not self._has_data:  # a gateway may end a session that it refuses a part of
                self._without = frozenset(self.messages.refused)
            if time.monotonic() - began > RECONNECT_MAX_S:
                backoff.reset()
            delay = backoff.next_s()
            logger.warning("%s; trying again in %.1f s", why, delay)
            self._watch.lose(str(why), time.time_ns())
            self.look()
            self._announcements.tell("feed_down", str(why))
            await self._announcements.flushed()
            await asyncio.sleep(delay)

    # --- the callbacks of a session
    def _plan(self, source: Source) -> Resume:
        resume = self._resumption.plan(source, time.time_ns())
        self._asks_for_past = resume.start is not None or bool(resume.starts)
        return replace(resume, without=self._without)

    def _start(self, metadata: Metadata, source: Source) -> bool:
        """Begin a session and return whether it may go on at once.

        A session that does not go on where the last one ended begins with empty order books.
        """
        self._origin = source.origin
        logger.info("session of %s, DBN version %d", metadata.dataset, metadata.version)
        now = time.time_ns()
        self.count += 1
        has_heartbeats = self._config.adapter.silence_s is not None
        self._watch.connect(
            metadata.dataset,
            now,
            has_heartbeats=has_heartbeats,
            replays=self._asks_for_past and source.origin != REPLAY,
        )
        self._states.use_schema(metadata.schema)
        resumption, books = self._resumption, self._states.books
        lacks_books = not resumption.is_new and (not len(books) or self._intake.lacks_orders)
        first = metadata.start if 0 < metadata.start <= LATEST_NS else now
        resumption.begin(first, now, lacks_books=lacks_books)
        self._reports.begin_session(resumes=not resumption.is_new)
        self._clock.begin()
        self._states.drain()
        if resumption.is_new or resumption.gap or resumption.is_aged_out:
            self._states.clear(begins_again=resumption.is_new)
        if resumption.gap or lacks_books:
            books.reset(unsynced=not resumption.repeats_all)  # orders may rest that are not sent
        self._output.write(self._states.ticks, self._states.bars, now, now)
        self._states.drain()
        new = self._instruments.take_metadata(metadata)
        self._announcements.session(new, self._origin, metadata.dataset)
        self._tell_gap()
        return not self.must_wait

    def _take(self, batch: Batch, received: int) -> bool:
        """Write one batch and return whether the session may go on at once."""
        self._clock.take(self._intake.latest, time.monotonic_ns())
        self._intake.allow(0)
        self._note(batch, received)
        if batch.controls and any(map(_is_aged_out, batch.controls)):
            self._resumption.age_out()
            self._states.books.reset(unsynced=True)
        first = int(batch.ticks["ts_event"][0]) if len(batch.ticks) else self._intake.latest
        seen = self._resumption.note(first, received)
        self._tell_gap()
        waits = self._some_wait or any([record[1] in WRITTEN_APART for record in batch.controls])
        cursors = self._cursors.changed(self._output.epoch, seen, some_wait=waits)
        self._output.write(batch.ticks, batch.bars, received, time.time_ns(), cursors)
        self._states.drain()
        if new := [each for record in batch.controls for each in self._control(record)]:
            self._announcements.instruments(new)
        return not self.must_wait

    def _note(self, batch: Batch, received: int) -> None:
        """Note that a batch brought data, or messages of the gateway alone."""
        records = self._states.count(COUNT_RECORDS)
        messages = sum([record[1] in (RTYPE_SYSTEM, RTYPE_ERROR) for record in batch.controls])
        if records - self._records > messages:
            self._has_data = True
            self._watch.take(received)
            if len(batch.ticks) and received - int(batch.ticks["ts_event"][-1]) <= NEAR_NS:
                self._watch.catch_up()
            self.lag_ns = received - self._intake.latest
            if self._origin != REPLAY and self._watch.has_caught_up:
                self.receive.add(self.lag_ns)
        else:
            self._watch.hear(received)
        self._records = records

    def _tell_gap(self) -> None:
        if gap := self._resumption.take_gap():
            self._announcements.gap(*gap)

    def _control(self, record: bytes) -> list[Instrument]:
        message = decode_control(record)
        if isinstance(message, ErrorMsg):
            self.messages.take(message)
        elif isinstance(message, SystemMsg):
            self.messages.take(message)
            self._take_message(message)
        elif not self._reports.take(record):
            return self._instruments.take_record(record)
        return []

    def _take_message(self, message: SystemMsg) -> None:
        if message.code == SYSTEM_REPLAY_COMPLETED:
            self._watch.catch_up()
        if message.code == SYSTEM_END_OF_INTERVAL:
            if 0 < message.ts_event <= self._intake.latest + AHEAD_NS:
                self._output.write_bars(self._states.close(message.ts_event))
        elif self._origin == REPLAY and message.msg.startswith(REPLAY_BEGINS_AGAIN):
            self._resumption.begin_again()

    def _finish(self, why: FeedFinished) -> None:
        """Close all bars, since no record and no time will."""
        logger.info("%s", why)
        self._output.write_bars(self._states.close())
        self._output.write_snapshots()
        self._watch.finish(str(why), time.time_ns())
        self.look()

    # --- holding and closing
    @property
    def must_wait(self) -> bool:
        """True while nothing more may be parsed."""
        return self._announcements.pending or self._output.is_full or self._reports.is_full

    def go_on(self) -> None:
        """Go on with a held session, if nothing keeps it waiting any more."""
        if self._session is not None and not self.must_wait:
            self._session.go_on()

    @property
    def _some_wait(self) -> bool:
        """True while anything that is written apart from the ticks is not written yet."""
        return self._reports.unwritten > 0 or self._announcements.pending

    def store_cursors(self) -> None:
        """Store the cursors of what was written apart from the ticks since the last batch."""
        seen = self._resumption.seen
        if seen is not None and self._cursors.are_kept_back and not self._some_wait:
            cursors = self._cursors.changed(self._output.epoch, seen)
            self._output.write(self._states.ticks[:0], self._states.bars[:0], 0, 0, cursors)

    def close_quiet_bars(self) -> None:
        """Close the bars that ended since the feed fell quiet, which no record of it will close."""
        self._intake.allow(self._clock.passed(time.monotonic_ns()))
        feed_time = self._clock.quiet_time(time.monotonic_ns())
        if feed_time is not None:
            self._output.write_bars(self._states.close(feed_time))


def _is_aged_out(record: bytes) -> bool:
    """Return whether a record says that the gateway no longer has the start that was asked."""
    message = decode_control(record) if record[1] == RTYPE_ERROR else None
    return isinstance(message, ErrorMsg) and message.code == ERROR_REPLAY_AGED_OUT
