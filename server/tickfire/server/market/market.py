"""`Market`: follows Redis through epochs and losses, and knows who subscribes to what."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tickfire.base.errors import UserError
from tickfire.base.retry import Backoff, retry
from tickfire.phoenix import Channel, Hub, Socket
from tickfire.server.market.candles.feed import CandleTopic
from tickfire.server.market.candles.indicators import Indicator
from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.epoch.live import Live
from tickfire.server.market.ticks.subscription import Subscription
from tickfire.server.market.ticks.views import REALTIME, Lane, Lanes
from tickfire.server.market.topics.candles import CandleChannel
from tickfire.server.market.topics.indicators import INDICATORS, IndicatorChannel
from tickfire.server.market.topics.news import HEADLINES, News, NewsChannel
from tickfire.server.market.topics.params import refuse
from tickfire.server.market.topics.signals import SIGNALS, Signals, SignalsChannel
from tickfire.server.market.topics.ticks import InstrumentChannel, RealtimeChannel
from tickfire.server.market.topics.trace import TRACE, Trace, TraceChannel
from tickfire.server.metrics import Metrics
from tickfire.store.entries import Entry
from tickfire.store.epoch import Epoch, epoch_of
from tickfire.store.requests import RedisUnavailable, Requests, newest_id
from tickfire.store.schema import META_KEY, STATUS_KEY, Status
from tickfire.store.store import REDIS_ERRORS, Store
from tickfire.store.tail import Tail
from tickfire.store.url import redacted

MAX_INDICATORS: Final = 2_000
"""Of one worker."""
EPOCH_CHECK_S: Final = 1.0

logger = logging.getLogger(__name__)

_STATUS: Final = msgspec.msgpack.Decoder(Status)


class Market:
    """The market application behind a hub.

    Parameters
    ----------
    redis_url : str
        Standalone or Cluster; it may be out of reach now and come later.
    hub : Hub
    metrics : Metrics
    clock : callable
        ns since the Unix epoch.
    clients : callable
        How many connections there are, for the trace.
    """

    def __init__(
        self,
        redis_url: str,
        hub: Hub,
        metrics: Metrics | None = None,
        *,
        clock: Callable[[], int] = time.time_ns,
        clients: Callable[[], int] = lambda: 0,
    ) -> None:
        self.redis_url = redis_url
        self.hub = hub
        self.metrics = metrics or Metrics()
        self.lanes = Lanes()
        self.news = News(hub)
        self.signals = Signals(hub)
        self.trace = Trace(hub, self.metrics, clients, clock)
        self.live: Live | None = None
        self._clock = clock
        self._reachable = False
        self._subscriptions: dict[Subscription, None] = {}
        self._candles: dict[str, CandleTopic] = {}
        self._indicators: dict[str, Indicator] = {}
        self._check_now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watch()

    def channels(self) -> Mapping[str, Callable[[], Channel]]:
        """Return what serves the topics, for a UserSocket."""
        return {
            REALTIME: lambda: RealtimeChannel(self),
            "market:*": lambda: InstrumentChannel(self),
            "candles:*": lambda: CandleChannel(self),
            INDICATORS: lambda: IndicatorChannel(self),
            HEADLINES: lambda: NewsChannel(self.news),
            SIGNALS: lambda: SignalsChannel(self.signals),
            TRACE: lambda: TraceChannel(self._clock),
        }

    # --- from start to stop
    async def start(self) -> None:
        """Begin to follow Redis; joins are answered once a data set is known."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        store = await self._open()
        meta = Requests(store, META_KEY)
        works = (self.news.run(store), self.signals.run(store), self._follow_status(store))
        others = [asyncio.get_running_loop().create_task(work) for work in works]
        try:
            epoch: Epoch | None = None
            while True:
                epoch = await self._next_epoch(meta, epoch)
                await self._enter(store, meta, epoch)
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for subscription in self._subscriptions:
                subscription.pause()
            if self.live is not None:
                await self.live.stop()
            meta.close()
            await store.close()

    async def _open(self) -> Store:
        return await retry(
            lambda: Store.open(self.redis_url),
            on=(UserError, *REDIS_ERRORS),
            what="connecting to Redis",
            logger=logger,
        )

    # --- epochs
    async def _read_epoch(self, meta: Requests) -> Epoch | None:
        """Return what Redis holds; None if it holds none, or one that cannot be."""
        try:
            fields = await meta.hash(META_KEY)
        except RedisUnavailable:
            self._reachable = False
            raise
        self._reachable = True
        return epoch_of(fields)

    async def _next_epoch(self, meta: Requests, current: Epoch | None) -> Epoch:
        """Wait until Redis holds another data set than the current."""
        while True:
            try:
                epoch = await self._read_epoch(meta)
                if epoch is not None and epoch != current:
                    return epoch
                if self.live is not None and self.live.table_is_stale:
                    await self.live.learn()
            except RedisUnavailable as error:
                logger.debug("the epoch cannot be read: %s", error)
            try:
                async with asyncio.timeout(EPOCH_CHECK_S):
                    await self._check_now.wait()
            except TimeoutError:
                pass
            self._check_now.clear()

    async def _enter(self, store: Store, meta: Requests, epoch: Epoch) -> None:
        """Make a data set the current one, and move all who subscribe to it."""
        old, self.live = self.live, None
        for subscription in self._subscriptions:
            subscription.pause()
        if old is not None:
            await old.stop()

        async def still_current() -> bool:
            try:
                current = await self._read_epoch(meta) == epoch
            except RedisUnavailable:
                return True
            if not current:
                self._check_now.set()
            return current

        data = DataSet(*epoch)
        live = Live(store, self.hub, data, self.lanes, self.metrics, self.trace, still_current)
        backoff = Backoff()
        while True:
            try:
                await live.seed()
                break
            except RedisUnavailable as error:
                logger.warning("Redis is lost again (%s); it is tried on", error)
                await backoff.pause()
                await store.refresh()
        place = data.place()
        logger.info("epoch %s: %d instruments, at %s", epoch[0].hex(), len(data.states.rows), place)
        self.live = live
        self._move(live)
        live.follow()

    def _move(self, live: Live) -> None:
        """Have everyone who subscribes go on in a new data set."""
        for subscription in list(self._subscriptions):
            if subscription.lane.topic != REALTIME:
                live.listen(subscription.lane.topic.partition(":")[2], True)
            subscription.move(live, self._shards_of(live, subscription.lane))
        for topic in self._candles.values():
            live.listen(topic.symbol, True)
        live.use_topics(list(self._candles.values()))
        for topic in self._candles.values():
            live.candles.reset(topic)

    def _shards_of(self, live: Live, lane: Lane) -> tuple[int, ...]:
        if lane.topic == REALTIME:
            return tuple(range(live.data.shards))
        listing = live.data.instruments.find(lane.topic.partition(":")[2])
        return () if listing is None else (listing.shard,)

    # --- status
    async def _follow_status(self, store: Store) -> None:
        last = await newest_id(store, STATUS_KEY)
        await Tail(store, {STATUS_KEY: last}, self._on_status, on_live=self._on_status_live).run()

    def _on_status_live(self) -> None:
        self._check_now.set()
        if self.live is not None:
            self.live.table_is_stale = True  # what was said meanwhile was not heard

    async def _on_status(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        kinds = {status.kind for status in map(_status, entries) if status is not None}
        if kinds & {"session", "instrument"}:
            self._check_now.set()
        if "instrument" in kinds and self.live is not None:
            await self.live.learn()

    # --- who subscribes
    def require(self) -> Live:
        """Return the current data set.

        Raises
        ------
        JoinError
            None is known yet.
        """
        if self.live is None:
            raise refuse("no market data yet")
        return self.live

    def subscribe(
        self, live: Live, socket: Socket, lane: Lane, shards: tuple[int, ...]
    ) -> Subscription:
        """Register a subscriber of a market topic."""
        lane = self.lanes.hold(lane)
        if lane.topic != REALTIME:
            live.listen(lane.topic.partition(":")[2], True)
        subscription = Subscription(live, socket, lane, shards)
        self._subscriptions[subscription] = None
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Undo `subscribe`."""
        if subscription not in self._subscriptions:
            return
        del self._subscriptions[subscription]
        subscription.close()
        lane = subscription.lane
        self.lanes.release(lane)
        if self.live is None:
            return
        if lane.topic != REALTIME:
            self.live.listen(lane.topic.partition(":")[2], False)
        if lane.name not in self.lanes.of(lane.topic):
            self.live.fanout.forget(lane)

    def listen_to_candles(self, name: str, symbol: str, interval: str) -> None:
        """Register a subscriber of a candle topic."""
        topic = self._candles.get(name)
        if topic is None:
            topic = self._candles[name] = CandleTopic(name, symbol, interval, None)
            self._candles_changed(symbol, True)
        topic.subscribers += 1

    def leave_candles(self, name: str) -> None:
        """Undo `listen_to_candles`."""
        topic = self._candles[name]
        topic.subscribers -= 1
        if topic.subscribers == 0:
            del self._candles[name]
            self._candles_changed(topic.symbol, False)

    def follow_indicator(self, topic: str, make: Callable[[], Indicator]) -> Indicator:
        """Register a subscriber of an indicator; all subscribers of a topic share one.

        Raises
        ------
        JoinError
            There are too many indicators.
        """
        indicator = self._indicators.get(topic)
        if indicator is None:
            if len(self._indicators) >= MAX_INDICATORS:
                raise refuse("too many indicators; ask again later")
            indicator = self._indicators[topic] = make()
        indicator.subscribers += 1
        return indicator

    def leave_indicator(self, topic: str) -> None:
        """Undo `follow_indicator`."""
        indicator = self._indicators[topic]
        indicator.subscribers -= 1
        if indicator.subscribers == 0:
            del self._indicators[topic]
            indicator.close()

    def _candles_changed(self, symbol: str, on: bool) -> None:
        if self.live is not None:
            self.live.listen(symbol, on)
            self.live.use_topics(list(self._candles.values()))

    # --- health
    def trouble(self) -> str | None:
        """Return why the market is not ready to serve; None if it is."""
        if not self._reachable:
            return f"Redis at {redacted(self.redis_url)} is out of reach"
        if self.live is None:
            return "no data set yet: ingest has not begun, or it is still being read"
        if not self.live.is_following:
            return "ticks are not being read: Redis does not answer, or its data set is gone"
        return None

    def _watch(self) -> None:
        self.metrics.watch(
            "subscribers", "Channels joined, by kind of topic.", "kind", self._count_subscribers
        )
        self.metrics.watch("hub", "Counters of the hub.", "event", lambda: self._hub_counters())

    def _count_subscribers(self) -> dict[str, float]:
        topics = [subscription.lane.topic for subscription in self._subscriptions]
        realtime = sum(topic == REALTIME for topic in topics)
        candles = sum(topic.subscribers for topic in self._candles.values())
        return {
            "market:realtime": realtime,
            "market:<symbol>": len(topics) - realtime,
            "candles": candles,
            "indicators": sum(one.subscribers for one in self._indicators.values()),
        }

    def _hub_counters(self) -> dict[str, float]:
        stats = self.hub.stats
        return {
            "broadcasts": stats.broadcasts,
            "overflowed": stats.overflowed,
            "aborted": stats.aborted,
        }


def _status(entry: Entry) -> Status | None:
    try:
        return _STATUS.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        return None
