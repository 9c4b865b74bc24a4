"""`LiveEpoch`: the current epoch of a worker: its shards, its fan-out and its listeners."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import numpy as np

from tickfire.base.shared import Shared
from tickfire.phoenix import Hub
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.candles.publisher import CandlePublisher, CandleTopic
from tickfire.server.market.candles.series import START, Bars
from tickfire.server.market.candles.tracks import Span, Track
from tickfire.server.market.epoch.data import EpochData
from tickfire.server.market.epoch.instruments import read_instruments
from tickfire.server.market.epoch.shard import ShardReader, closed_pieces
from tickfire.server.market.epoch.trace import TraceSampler
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.ticks.views import REALTIME, Views, topic_of
from tickfire.server.metrics import Metrics
from tickfire.store.entries import BadEntry, Entry, TickEntry, all_bars_of
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import INSTRUMENTS_KEY, Rows
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class LiveEpoch:
    """Reader and publisher of one epoch.

    Parameters
    ----------
    store : Store
    hub : Hub
    data : EpochData
        Fresh data, to be filled by `seed`.
    views : Views
        The views that have subscribers; they outlive the epoch.
    metrics : Metrics
    trace : TraceSampler
    still_current : callable
        Awaited when ticks are missing; returns whether Redis still holds this epoch.

    Attributes
    ----------
    publisher : CandlePublisher
    fanout : Fanout
    table_is_stale : bool
        Whether the table of instruments may have changed since it was read.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        data: EpochData,
        views: Views,
        metrics: Metrics,
        trace: TraceSampler,
        still_current: Callable[[], Awaitable[bool]],
    ) -> None:
        self.data = data
        self.metrics = metrics
        self.publisher = CandlePublisher(hub, data.candles, self.id_at, self.has_older)
        self.fanout = Fanout(hub, views, data, self.publisher, metrics)
        self.table_is_stale = False
        self._trace = trace
        self._still_current = still_current
        self._table = Requests(store, INSTRUMENTS_KEY)
        self._shards = [ShardReader(store, self, shard) for shard in range(data.shards)]
        self._tasks: list[asyncio.Task[None]] = []
        self._moved: asyncio.Future[None] | None = None
        self._topics: list[CandleTopic] = []
        self._listened = Shared[str, str]()

    # --- start and stop
    async def seed(self) -> None:
        """Load the epoch from Redis.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        self.data.load_instruments(await read_instruments(self._table))
        for shard in self._shards:
            await shard.seed()
        self.data.follow_clocks()
        self.data.name_all()

    def follow(self) -> None:
        """Start following the streams."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(shard.run()) for shard in self._shards]

    async def stop(self) -> None:
        """Stop reading and publishing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for shard in self._shards:
            shard.close()
        self._table.close()
        self.publisher.close()
        self.fanout.close()

    @property
    def is_following(self) -> bool:
        """True while all shards are being read."""
        return all(shard.following for shard in self._shards)

    # --- history, for subscribers that catch up
    def history(self, shard: int) -> History:
        """Return the reader of a shard's history."""
        return self._shards[shard].history

    def recent(self, shard: int, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""
        return self._shards[shard].recent(position)

    def older(self, shard: int) -> OlderBars:
        """Return the reader of a shard's old bars."""
        return self._shards[shard].older

    def needs_stream(self, listing: Listing, interval_s: int, before: int) -> bool:
        """Return whether the bars before a time (ns) are to be read from the stream."""
        candles, track = self.data.candles, self.data.instruments.track(listing)
        return tracks.is_truncated(candles, track, interval_s) and not tracks.has_before(
            candles, track, interval_s, before
        )

    def has_older(self, track: Track, interval_s: int, bars: Bars) -> bool:
        """Return whether there are bars older than some of a symbol that memory holds."""
        if not len(bars):
            return False
        candles, oldest = self.data.candles, int(bars[0, START])
        if tracks.has_before(candles, track, interval_s, oldest):
            return True
        return tracks.is_truncated(candles, track, interval_s) and any(
            self.older(listing.shard).has(
                listing.instrument, interval_s, min(oldest, span.end), self.data.hours_of(span.slot)
            )
            for span, listing in self._holders(track)
        )

    def _holders(self, track: Track) -> list[tuple[Span, Listing]]:
        return [(span, self.data.instruments.listings[span.slot]) for span in track]

    async def read_older(
        self, listing: Listing, interval_s: int, before: int, limit: int
    ) -> tuple[Bars, bool]:
        """Return the newest bars of a symbol that start before a time (ns), as `OlderBars.read`.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        parts: list[Bars] = []
        holders = self._holders(self.data.instruments.track(listing))
        for at in reversed(range(len(holders))):
            span, holder = holders[at]
            left = limit - sum(map(len, parts))
            end = min(before, span.end)
            older = self.older(holder.shard)
            hours = self.data.hours_of(span.slot)
            bars, more = await older.read(holder.instrument, interval_s, end, left, hours)
            bounds = self.data.candles.bounds(span.slot, interval_s)
            parts.insert(0, tracks.clipped(bars, span, bounds))
            if len(parts[0]) == left:
                return np.concatenate(parts), more or at > 0
        return np.concatenate([tracks.NO_BARS, *parts]), False

    async def moved(self) -> None:
        """Wait until more ticks are published."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._moved)

    # --- listeners
    def listen(self, symbol: str) -> None:
        """Count a subscriber of the topics of one instrument."""
        self._listened.hold(symbol, lambda: symbol)
        self._mark(symbol, True)

    def unlisten(self, symbol: str) -> None:
        """Undo `listen`."""
        if self._listened.release(symbol) is not None:
            self._mark(symbol, False)

    def _mark(self, symbol: str, on: bool) -> None:
        slot = self.slot_of(symbol)
        if slot is not None:
            self.data.slots.listen(slot, on)

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Set the candle topics that have subscribers."""
        self._topics = topics
        for topic in topics:
            topic.slot, topic.track = self.slot_of(topic.symbol), self.track_of(topic.symbol)
        self.publisher.use_topics(topics)

    # --- instruments
    def slot_of(self, symbol: str) -> int | None:
        """Return the slot of the instrument that a symbol names now."""
        listing = self.data.instruments.current(symbol)
        return None if listing is None else listing.slot

    def track_of(self, symbol: str) -> Track:
        """Return the instruments that a symbol stood for, in order of time."""
        listing = self.data.instruments.find(symbol)
        return () if listing is None else self.data.instruments.track(listing)

    def id_at(self, slot: int) -> str:
        """Return the id of the newest tick of the shard that an instrument is in."""
        return str(self.data.id_of(self.data.instruments.listings[slot]))

    async def learn(self) -> None:
        """Read the table of instruments again; if that fails, new ones get stand-in symbols."""
        try:
            changed = self.data.load_instruments(await read_instruments(self._table))
            self.table_is_stale = False
        except RedisUnavailable as error:
            logger.warning("cannot read the table of instruments (%s); trying again later", error)
            self.table_is_stale = changed = True
            self.data.name_all()
        if changed:
            self.renamed()

    def renamed(self) -> None:
        """Follow the table of instruments, and tell clients of it.

        A candle topic whose symbol has begun or ceased to stand for an instrument is reset.
        """
        self.data.name_all()
        for symbol in self._listened:
            self._mark(symbol, True)
        before = {topic: (topic.slot, topic.track) for topic in self._topics}
        self.use_topics(self._topics)
        for topic, held in before.items():
            if (topic.slot, topic.track) != held:
                self.publisher.reset(topic)
        instruments = {"instruments": self.data.instruments.as_json()}
        self.fanout.announce(REALTIME, "instruments", instruments)

    # --- calls of the shard readers
    async def still_current(self) -> bool:
        """Return whether Redis still holds this epoch."""
        return await self._still_current()

    def publish(self, shard: int, entry: TickEntry, ticks: Ticks) -> None:
        """Publish one entry, given its ticks with their slots."""
        self.fanout.take(shard, entry, ticks)

    def flush(self, shard: int, newest: TickEntry | None, read_ns: int) -> None:
        """Write the published entries to the sockets; `newest` is the last of them, if any."""
        encoded_ns = self._trace.now()
        self.fanout.flush()
        if newest is None:
            return
        self._trace.sample(self.data, newest, read_ns, encoded_ns)
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None

    def bars_closed(self, entries: list[Entry]) -> None:
        """Take entries of closed bars.

        They add two things to the ticks: a feed's own bars, and closes by feed time.
        """
        pieces = all_bars_of(entries)
        self._follow_bars(pieces[pieces["trades"] == 0])
        self.publisher.take(pieces[pieces["trades"] == 0])
        for feed, instrument_id, interval_s, start, position, trades in closed_pieces(pieces):
            slot = self.data.states.find(feed, instrument_id)
            if slot is None or not self.publisher.has(slot):
                continue
            if not trades or self.data.candles.is_last_trade(slot, interval_s, start, position):
                self.publisher.closed_by_time(slot, interval_s, start)
        self.publisher.flush()

    def _follow_bars(self, own: Rows) -> None:
        """Go on to the time of bars that a feed made itself, of which there are no ticks."""
        if not len(own):
            return
        newest = own[-1]
        slot = self.data.states.find(int(newest["feed"]), int(newest["instrument_id"]))
        if slot is not None and not self.data.states.rows[slot]["last_ts"]:
            if self.data.instruments.move(int(newest["feed"]), int(newest["start"])):
                self.renamed()

    def lost(self, shard: int, before: WireId, ticks: int) -> None:
        """Announce that a number of ticks after `before` were lost, and reset the candles."""
        self.metrics.gaps.inc()
        self.metrics.lost.inc(ticks)
        now = self.data.newest_id()
        logger.warning("%d ticks of shard %d after %s were lost", ticks, shard, before)
        self._announce_gap(REALTIME, before, now)
        listings = self.data.instruments.listings
        of_shard = [WireId(one.epoch, (one.positions[shard],)) for one in (before, now)]
        for listing in listings:
            if listing.shard == shard:
                self._announce_gap(topic_of(listing.symbol), *of_shard)
        for topic in self._topics:
            if topic.slot is not None and listings[topic.slot].shard == shard:
                self.publisher.reset(topic)

    def _announce_gap(self, topic: str, begin: WireId, end: WireId) -> None:
        self.fanout.announce(topic, "gap", {"from": str(begin), "to": str(end)})

    def bad_entry(self, error: BadEntry) -> None:
        """Count an entry that cannot be decoded, and log the first."""
        if not self.metrics.saw_bad_entry:
            logger.warning("skipping an entry of a tick stream that is not tickfire's: %s", error)
            self.metrics.saw_bad_entry = True
        self.metrics.bad_entries.inc()
