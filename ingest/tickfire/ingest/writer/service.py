"""`Ingest`: the process that reads a live gateway and writes Redis Streams.

Ticks are sent as entries in the same call that parsed them. The session is held while too many
entries wait for Redis, or while a change to the instrument table is being written, so that no tick
is published before its symbol.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from tickfire.base.retry import Backoff, retry
from tickfire.base.run import until_stopped
from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg, decode_control
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import SYSTEM_END_OF_INTERVAL
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.emit import LATEST_NS
from tickfire.ingest.kernel.parse import Batch, Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.live.client import LiveSession
from tickfire.ingest.lsg.client import FeedRefused, LiveSubscription
from tickfire.ingest.writer.clock import FeedClock
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.ingest.writer.pipe import ACKNOWLEDGED, Pipe
from tickfire.ingest.writer.skipped import SkippedRecords
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.limits import HISTORY_BARS, HISTORY_TICKS, MAX_BARS_PER_ENTRY
from tickfire.store.schema import LIVE, FeedState, Instrument, Rows
from tickfire.store.store import REDIS_ERRORS, Store
from tickfire.store.writes import BarWrite, SnapshotWrite, TickWrite, tick_writes

logger = logging.getLogger(__name__)

RECONNECT_S: Final = 0.2
RECONNECT_MAX_S: Final = 1.0
REPLAY_DEPTH_NS: Final = 24 * 3600 * NS_PER_S
SNAPSHOT_INTERVAL_S: Final = 0.25
REPORT_INTERVAL_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """Configuration of ingest.

    Attributes
    ----------
    host : str
    port : int
        Address of the live gateway.
    key : str
        API key for the gateway.
    subscription : LiveSubscription
    feed : int
        Number of this feed, 0 to 255.
    shards : int
        Number of shards.
    history_ticks : int
        Number of ticks that each shard's stream keeps.
    history_bars : int
        Number of bar entries that each shard's stream keeps.
    max_unacknowledged : int
        Number of writes of a shard that may wait for Redis before the session is held.
    backfill_s : float
        Seconds of the past to request while no data is stored; 0 for none.
    """

    host: str
    port: int
    key: str
    subscription: LiveSubscription
    feed: int = 1
    shards: int = 1
    history_ticks: int = HISTORY_TICKS
    history_bars: int = HISTORY_BARS
    max_unacknowledged: int = 512
    backfill_s: float = 900.0


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
    pipes : list of Pipe
        One for each shard; empty before `run`.
    """

    def __init__(self, config: IngestConfig, store: Store) -> None:
        self.config = config
        self.states = InstrumentStates(config.shards, config.feed)
        self.parser = Parser(self.states)
        self.writer = EpochWriter(store, config.shards)
        self.instruments = InstrumentTable(config.feed, config.subscription.dataset)
        self.pipes: list[Pipe] = []
        self._store = store
        self._session: LiveSession | None = None
        self._table_write: asyncio.Task[None] | None = None
        self._epoch_lock = asyncio.Lock()
        self._skipped = SkippedRecords(self.states)
        self._clock = FeedClock()
        self._feed = FeedState(False, time.time_ns())

    async def run(self) -> None:
        """Read the feed until cancelled, reconnecting as needed.

        Raises
        ------
        ExceptionGroup
            Holds `FeedRefused` if the gateway refused the key.
        """
        for instrument in await self.writer.open(self.states):
            self.instruments.load(instrument)
        for shard in range(self.config.shards):
            self.pipes.append(Pipe(self._store, shard, self._verify_epoch, self._go_on))
        heartbeat = Heartbeat(self._store, "ingest", self._figures, lambda: self._feed)
        try:
            async with asyncio.TaskGroup() as tasks:
                for pipe in self.pipes:
                    tasks.create_task(pipe.run())
                tasks.create_task(self._snapshots())
                tasks.create_task(self._report())
                tasks.create_task(heartbeat.run())
                tasks.create_task(self._sessions())
        finally:
            self._warn(self._skipped.changed())

    # --- sessions
    async def _sessions(self) -> None:
        backoff = Backoff(RECONNECT_S, RECONNECT_MAX_S)
        while True:
            began = time.monotonic()
            ask = replace(self.config.subscription, start=self._replay_from())
            session = LiveSession(self.config.key, ask, self.parser, self._start, self._take)
            self._session = session
            why = await session.run(self.config.host, self.config.port)
            self._session = None
            if isinstance(why, FeedRefused):
                raise why
            if time.monotonic() - began > RECONNECT_MAX_S:
                backoff.reset()
            delay = backoff.next_s()
            logger.warning("%s; trying again in %.1f s", why, delay)
            self._feed = FeedState(False, time.time_ns(), str(why))
            await self._put_status("feed_down", str(why))
            await asyncio.sleep(delay)

    def _replay_from(self) -> int | None:
        """Return the time from which the session is to replay data, None for no replay.

        This is just after the newest tick known, or `backfill_s` ago if none is. A gateway replays
        one day at most, so nothing is replayed after older data, such as a recording.
        """
        now = time.time_ns()
        rows = self.states.rows
        if not len(rows):
            return now - int(self.config.backfill_s * NS_PER_S) if self.config.backfill_s else None
        known = int(max(rows["last_ts"].max(), rows["quote_ts"].max()))
        return known + 1 if now - known < REPLAY_DEPTH_NS else None

    def _start(self, metadata: Metadata) -> bool:
        """Begin a session and return whether it may go on at once.

        The tops of the order books may have changed since the last session, so they are cleared.
        """
        logger.info("session of %s, DBN version %d", metadata.dataset, metadata.version)
        now = time.time_ns()
        self._feed = FeedState(True, now, metadata.dataset)
        self.states.drain()
        self.states.clear()
        self._write(self.states.ticks, self.states.bars, now, now)
        self.states.drain()
        new = self.instruments.take_metadata(metadata)
        origin = self._session.origin if self._session is not None else LIVE
        self._write_table(new, origin, metadata.dataset)
        return not self._must_wait()

    def _take(self, batch: Batch, received: int) -> bool:
        """Write one batch and return whether the session may go on at once."""
        self._write(batch.ticks, batch.bars, received, time.time_ns())
        self._clock.take(batch, time.monotonic_ns())
        self.states.drain()
        changed = [self._control(record) for record in batch.controls]
        if new := [instrument for instrument in changed if instrument is not None]:
            self._write_table(new)
        return not self._must_wait()

    def _control(self, record: bytes) -> Instrument | None:
        message = decode_control(record)
        if isinstance(message, ErrorMsg):
            logger.error("error from the gateway: %s", message.err)
        elif isinstance(message, SystemMsg):
            if message.code == SYSTEM_END_OF_INTERVAL and 0 < message.ts_event <= LATEST_NS:
                self._write_bars(self.states.close(message.ts_event))
        else:
            return self.instruments.take_record(record)
        return None

    # --- holding the session
    def _must_wait(self) -> bool:
        limit = self.config.max_unacknowledged
        return self._table_write is not None or any(p.unacknowledged > limit for p in self.pipes)

    def _go_on(self) -> None:
        if self._session is not None and not self._must_wait():
            self._session.go_on()

    def _write_table(self, new: list[Instrument], origin: str = "", dataset: str = "") -> None:
        """Start a task that writes instruments; the session is held until it is done.

        Given an origin, it also announces that a session has begun.
        """
        earlier = self._table_write

        async def write() -> None:
            if earlier is not None:
                await earlier
            await self._persist(partial(self.writer.put_instruments, new))
            if origin:
                await self._persist(partial(self.writer.put_origin, origin))
                await self._put_status("session", dataset)
            if self._table_write is asyncio.current_task():
                self._table_write = None
                self._go_on()

        self._table_write = asyncio.get_running_loop().create_task(write())

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Repeat a write until it succeeds; it does not go through a pipe."""
        backoff = Backoff(RECONNECT_S, RECONNECT_MAX_S)
        await retry(write, on=REDIS_ERRORS, what="writing to Redis", logger=logger, backoff=backoff)

    async def _put_status(self, kind: str, detail: str) -> None:
        await self._persist(partial(self.writer.put_status, kind, detail))

    # --- writing
    def _write(self, ticks: Rows, bars: Rows, received: int, parsed: int) -> None:
        history = self.config.history_ticks
        positions = self.states.positions
        for shard, own in self._by_shard(ticks):
            first = int(positions[shard]) - len(own) + 1
            for write in tick_writes(shard, first, own, received, parsed, history):
                self.pipes[shard].send(write)
        self._write_bars(bars)

    def _write_bars(self, bars: Rows) -> None:
        history = self.config.history_bars
        for shard, own in self._by_shard(bars):
            for at in range(0, len(own), MAX_BARS_PER_ENTRY):
                index = self.writer.bar_index[shard]
                self.writer.bar_index[shard] = index + 1
                data = own[at : at + MAX_BARS_PER_ENTRY].tobytes()
                position = int(self.states.positions[shard])
                self.pipes[shard].send(BarWrite(shard, position, index, data, history))

    def _by_shard(self, records: Rows) -> list[tuple[int, Rows]]:
        """Return the records of each shard that has any, in their order."""
        if not len(records):
            return []
        if self.config.shards == 1:
            return [(0, records)]
        rows = self.states.rows
        keys = rows["feed"].astype(np.uint64) << 32 | rows["instrument_id"]
        order = np.argsort(keys)
        own = records["feed"].astype(np.uint64) << 32 | records["instrument_id"]
        shards = rows["shard"][order[np.searchsorted(keys, own, sorter=order)]]
        return [(int(s), records[shards == s]) for s in np.unique(shards)]

    def _close_quiet_bars(self) -> None:
        """Close the bars that ended since the feed fell quiet, which no record of it will close."""
        feed_time = self._clock.quiet_time(time.monotonic_ns())
        if feed_time is not None:
            self._write_bars(self.states.close(feed_time))

    async def _snapshots(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_INTERVAL_S)
            self._warn(self._skipped.appeared())
            if self._must_wait():
                continue
            self._close_quiet_bars()
            dirty = self.states.take_dirty()
            for shard in np.unique(dirty["shard"]).tolist():
                own = dirty[dirty["shard"] == shard]
                position = int(self.states.positions[shard])
                self.pipes[shard].send(SnapshotWrite(shard, position, own))

    # --- epoch
    async def _verify_epoch(self) -> None:
        """Begin a new epoch if Redis lost this one; a pipe calls it for each new connection."""
        async with self._epoch_lock:
            if await self.writer.is_current():
                return
            logger.warning("Redis no longer has the epoch; beginning a new one")
            await self.writer.begin_epoch()
            for shard, pipe in enumerate(self.pipes):
                pipe.reset()
                self._renumber(shard, pipe)
            known = [
                self.instruments.current(int(row["instrument_id"])) for row in self.states.rows
            ]
            await self.writer.put_instruments([k for k in known if k is not None])
            self.states.mark_dirty()

    def _renumber(self, shard: int, pipe: Pipe) -> None:
        """Restart the positions of a shard from 1, at the first unacknowledged tick.

        The writes that wait and the positions in the instrument states are shifted alike.
        """
        waiting = pipe.waiting()
        first = next((w.last - w.count for w in waiting if isinstance(w, TickWrite)), None)
        offset = int(self.states.positions[shard]) if first is None else first
        for write in waiting:
            write.shift(offset)
        self.states.positions[shard] -= offset
        rows = self.states.rows
        own = rows["shard"] == shard
        for field in ("n", "trade_n"):
            rows[field][own] = np.maximum(rows[field][own] - offset, 0)

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
