"""`Sessions`: one session with the gateway after another, each written to the output.

The session is held while too many writes wait for Redis, or while a change to the instrument table
is being written, so that no tick is published before its symbol.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Final

from tickfire.base.retry import Backoff
from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg, decode_control
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import SYSTEM_END_OF_INTERVAL
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.emit import LATEST_NS
from tickfire.ingest.kernel.parse import Batch, Parser
from tickfire.ingest.live.client import LiveSession
from tickfire.ingest.lsg.client import FeedRefused
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.clock import FeedClock
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.store.schema import LIVE, FeedState, Instrument

RECONNECT_S: Final = 0.2
RECONNECT_MAX_S: Final = 1.0
REPLAY_DEPTH_NS: Final = 24 * 3600 * NS_PER_S

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
        The state of the connection to the gateway.
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
        self._session: LiveSession | None = None
        self._clock = FeedClock()
        self.feed = FeedState(False, time.time_ns())

    async def run(self) -> None:
        """Read the feed until cancelled.

        Raises
        ------
        FeedRefused
            The gateway refused the key.
        """
        backoff = Backoff(RECONNECT_S, RECONNECT_MAX_S)
        while True:
            began = time.monotonic()
            ask = replace(self._config.subscription, start=self._replay_from())
            self._reports.begin_session(resumes=ask.start is not None)
            session = LiveSession(self._config.key, ask, self._parser, self._start, self._take)
            self._session = session
            why = await session.run(self._config.host, self._config.port)
            self._session = None
            if isinstance(why, FeedRefused):
                raise why
            if time.monotonic() - began > RECONNECT_MAX_S:
                backoff.reset()
            delay = backoff.next_s()
            logger.warning("%s; trying again in %.1f s", why, delay)
            self.feed = FeedState(False, time.time_ns(), str(why))
            await self._announcements.status("feed_down", str(why))
            await asyncio.sleep(delay)

    def _replay_from(self) -> int | None:
        """Return the time from which the session is to replay data, None for no replay.

        This is just after the newest tick known, or `backfill_s` ago if none is. A gateway replays
        one day at most, so nothing is replayed after older data, such as a recording.
        """
        now = time.time_ns()
        rows = self._states.rows
        if not len(rows):
            depth_s = self._config.backfill_s
            return now - int(depth_s * NS_PER_S) if depth_s else None
        known = int(max(rows["last_ts"].max(), rows["quote_ts"].max()))
        return known + 1 if now - known < REPLAY_DEPTH_NS else None

    # --- the callbacks of a session
    def _start(self, metadata: Metadata) -> bool:
        """Begin a session and return whether it may go on at once.

        The tops of the order books may have changed since the last session, so they are cleared.
        """
        logger.info("session of %s, DBN version %d", metadata.dataset, metadata.version)
        now = time.time_ns()
        self.feed = FeedState(True, now, metadata.dataset)
        self._states.use_schema(metadata.schema)
        self._states.drain()
        self._states.clear()
        self._output.write(self._states.ticks, self._states.bars, now, now)
        self._states.drain()
        new = self._instruments.take_metadata(metadata)
        origin = self._session.origin if self._session is not None else LIVE
        self._announcements.session(new, origin, metadata.dataset)
        return not self.must_wait

    def _take(self, batch: Batch, received: int) -> bool:
        """Write one batch and return whether the session may go on at once."""
        self._output.write(batch.ticks, batch.bars, received, time.time_ns())
        self._clock.take(batch, time.monotonic_ns())
        self._states.drain()
        changed = [self._control(record) for record in batch.controls]
        if new := [instrument for instrument in changed if instrument is not None]:
            self._announcements.instruments(new)
        return not self.must_wait

    def _control(self, record: bytes) -> Instrument | None:
        message = decode_control(record)
        if isinstance(message, ErrorMsg):
            logger.error("error from the gateway: %s", message.err)
        elif isinstance(message, SystemMsg):
            if message.code == SYSTEM_END_OF_INTERVAL and 0 < message.ts_event <= LATEST_NS:
                self._output.write_bars(self._states.close(message.ts_event))
        elif not self._reports.take(record):
            return self._instruments.take_record(record)
        return None

    # --- holding and closing
    @property
    def must_wait(self) -> bool:
        """Whether nothing more may be parsed for now."""
        return self._announcements.pending or self._output.is_full or self._reports.is_full

    def go_on(self) -> None:
        """Go on with a held session, if nothing keeps it waiting any more."""
        if self._session is not None and not self.must_wait:
            self._session.go_on()

    def close_quiet_bars(self) -> None:
        """Close the bars that ended since the feed fell quiet, which no record of it will close."""
        feed_time = self._clock.quiet_time(time.monotonic_ns())
        if feed_time is not None:
            self._output.write_bars(self._states.close(feed_time))
