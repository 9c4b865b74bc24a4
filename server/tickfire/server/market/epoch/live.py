"""`Live`: one data set while it is the current one: its shards, its fan-out, its listeners."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from tickfire.phoenix import Hub
from tickfire.server.market.candles.feed import CandleFeed, CandleTopic
from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.epoch.instruments import read_instruments
from tickfire.server.market.epoch.shard import ShardReader, closed_pieces
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.positions import Place
from tickfire.server.market.ticks.views import REALTIME, Lanes, topic_of
from tickfire.server.market.topics.trace import Trace
from tickfire.server.metrics import Metrics
from tickfire.store.entries import BadEntry, Entry, TickEntry, all_bars_of
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class Live:
    """Reads one data set and publishes it.

    Parameters
    ----------
    store : Store
    hub : Hub
    data : DataSet
        Fresh.
    lanes : Lanes
        What is subscribed to; it outlives data sets, as subscribers do.
    metrics : Metrics
    trace : Trace
    still_current : callable
        Awaited when ticks are missing: whether Redis still holds this data set.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        data: DataSet,
        lanes: Lanes,
        metrics: Metrics,
        trace: Trace,
        still_current: Callable[[], Awaitable[bool]],
    ) -> None:
        self.data = data
        self.metrics = metrics
        self.candles = CandleFeed(hub, data.candles, self._place_of_slot)
        self.fanout = Fanout(hub, lanes, data, self.candles, metrics)
        self.table_is_stale = False
        self._lanes = lanes
        self._trace = trace
        self._still_current = still_current
        self._table = Requests(store, INSTRUMENTS_KEY)
        self._shards = [ShardReader(store, self, shard) for shard in range(data.shards)]
        self._tasks: list[asyncio.Task[None]] = []
        self._moved: asyncio.Future[None] | None = None
        self._topics: list[CandleTopic] = []
        self._listened: Counter[str] = Counter()

    # --- from start to stop
    async def seed(self) -> None:
        """Bring the data set up to date.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        self.data.load_instruments(await read_instruments(self._table))
        for shard in self._shards:
            await shard.seed()
        self.data.name_all()

    def follow(self) -> None:
        """Begin to read on."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(shard.run()) for shard in self._shards]

    async def stop(self) -> None:
        """Stop reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for shard in self._shards:
            shard.history.close()
        self._table.close()
        self.candles.close()
        self.fanout.close()

    @property
    def is_following(self) -> bool:
        """Whether each shard is being read."""
        return all(shard.following for shard in self._shards)

    # --- for those who catch up
    def history(self, shard: int) -> History:
        """Return what a shard's stream still holds."""
        return self._shards[shard].history

    def recent(self, shard: int, position: int) -> list[TickEntry] | None:
        """Return what follows a position, if all of it is in memory; else None."""
        return self._shards[shard].recent(position)

    async def moved(self) -> None:
        """Wait until more is published."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._moved)

    # --- who listens
    def listen(self, symbol: str, on: bool) -> None:
        """Count a subscriber of an instrument's own topics, or one less."""
        self._listened[symbol] += 1 if on else -1
        self._mark(symbol)

    def _mark(self, symbol: str) -> None:
        listing = self.data.instruments.find(symbol)
        if listing is not None:
            self.data.slots.listen(listing.slot, self._listened[symbol] > 0)

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Take the candle topics that have subscribers."""
        self._topics = topics
        for topic in topics:
            listing = self.data.instruments.find(topic.symbol)
            topic.slot = None if listing is None else listing.slot
        self.candles.use_topics(topics)

    def _place_of_slot(self, slot: int) -> str:
        return str(self.data.place_of(self.data.instruments.listings[slot]))

    # --- the instrument table
    async def learn(self) -> None:
        """Read the instrument table again; without it, strangers get stand-in symbols."""
        try:
            changed = self.data.load_instruments(await read_instruments(self._table))
            self.table_is_stale = False
        except RedisUnavailable as error:
            logger.warning("the instrument table cannot be read (%s)", error)
            self.table_is_stale = changed = True
            self.data.name_all()
        if changed:
            for symbol in list(self._listened):
                self._mark(symbol)
            self.use_topics(self._topics)
            instruments = {"instruments": self.data.instruments.as_json()}
            self.fanout.announce(REALTIME, "instruments", instruments)

    # --- what the shards tell
    async def still_current(self) -> bool:
        """Whether this is still the data set that Redis holds."""
        return await self._still_current()

    def publish(self, shard: int, entry: TickEntry, ticks: Ticks) -> None:
        """Take one entry, and its ticks with their slots."""
        self.fanout.take(shard, entry, ticks)

    def flush(self, shard: int, newest: TickEntry | None, read_ns: int) -> None:
        """Write what was taken; the newest entry of it may be traced."""
        self.fanout.flush()
        if newest is None:
            return
        self._trace.sample(self.data, shard, newest, read_ns)
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None

    def bars_closed(self, entries: list[Entry]) -> None:
        """Take entries of bars: those that feeds made themselves, and closes by feed time."""
        pieces = all_bars_of(entries)
        made_by_feed = pieces[pieces["trades"] == 0]
        if len(made_by_feed):
            self.candles.changed(self.data.candles.take(made_by_feed))
        for feed, instrument_id, interval_s, start, n, trades in closed_pieces(pieces):
            slot = self.data.states.find(feed, instrument_id)
            if slot is None or not self.candles.has(slot):
                continue
            if not trades or self.data.candles.is_last_trade(slot, interval_s, start, n):
                self.candles.closed_by_time(slot, interval_s, start)
        self.candles.flush()

    def lost(self, shard: int, before: Place, ticks: int) -> None:
        """Publish a hole: what was before, what is now, and candles anew."""
        self.metrics.gaps.inc()
        self.metrics.lost.inc(ticks)
        now = self.data.place()
        logger.warning("%d ticks of shard %d were lost after %s", ticks, shard, before)
        self.fanout.announce(REALTIME, "gap", {"from": str(before), "to": str(now)})
        for listing in self.data.instruments.listings:
            if listing.shard == shard:
                self._lost_on(topic_of(listing.symbol), shard, before, now)
        for topic in self._topics:
            if topic.slot is not None:
                if self.data.instruments.listings[topic.slot].shard == shard:
                    self.candles.reset(topic)

    def _lost_on(self, topic: str, shard: int, before: Place, now: Place) -> None:
        ends = (Place(place.epoch, (place.positions[shard],)) for place in (before, now))
        begin, end = map(str, ends)
        self.fanout.announce(topic, "gap", {"from": begin, "to": end})

    def bad_entry(self, error: BadEntry) -> None:
        """Count an entry that is not ours; the first is logged."""
        if not self.metrics.saw_bad_entry:
            logger.warning("an entry of a tick stream is not ours and is passed over: %s", error)
            self.metrics.saw_bad_entry = True
        self.metrics.bad_entries.inc()
