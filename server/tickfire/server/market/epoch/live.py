"""`LiveMarket`: the feeds that this worker follows, with their fan-out and listeners."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from weakref import WeakValueDictionary

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.notifier import Notifier
from tickfire.base.shared import Shared
from tickfire.phoenix import Hub
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.candles.pages import BarPages
from tickfire.server.market.candles.publisher import CandlePublisher, CandleTopic
from tickfire.server.market.candles.tracks import Track
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.beside import Beside
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.epoch.deep_history import DeepHistory
from tickfire.server.market.epoch.feed import LiveFeed
from tickfire.server.market.epoch.instruments import read_instruments
from tickfire.server.market.epoch.older import OlderCandles
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.epoch.routes import Routes
from tickfire.server.market.epoch.trace import TraceSampler
from tickfire.server.market.ticks.catch_up import CatchUp
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.lag import DEFAULT_MAX_LAG_S, LagWatch
from tickfire.server.market.ticks.past import Route
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.ticks.views import REALTIME, Views
from tickfire.server.metrics import Metrics
from tickfire.store.entries import BadEntry, Entry, TickEntry, all_bars_of
from tickfire.store.epoch import Epoch
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import BAR_LATE, INSTRUMENTS_KEY, Rows, Stream
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class LiveMarket:
    """Reader and publisher of all feeds.

    Parameters
    ----------
    store : Store
    hub : Hub
    views : Views
        The views that have subscribers.
    metrics : Metrics
    trace : TraceSampler
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.
    max_lag_s : float
        Maximum lag of a client that gets every tick, in seconds; 0 for no limit.

    Attributes
    ----------
    data : MarketData
    older : OlderCandles
    pages : BarPages
    publisher : CandlePublisher
    fanout : Fanout
    catch_up : CatchUp
    lag : LagWatch
    known : frozenset of int
        The feeds that Redis holds.
    table_is_stale : bool
        True if the table of instruments may have changed since it was read.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        views: Views,
        metrics: Metrics,
        trace: TraceSampler,
        sessions: Sessions | None = None,
        max_lag_s: float = DEFAULT_MAX_LAG_S,
        archive: Archive | None = None,
    ) -> None:
        self.data = MarketData(sessions)
        self.metrics = metrics
        self.older = OlderCandles(self.data, self._older_bars)
        self.publisher = CandlePublisher(hub, self.data.candles, self.id_at, self.older.has)
        self.pages = BarPages(self.data.candles, self.older.has)
        self.fanout = Fanout(hub, views, self.data, self.publisher, metrics)
        self.catch_up = CatchUp(self)
        self._routes = None if archive is None else Routes(archive, self.data, sessions)
        self.lag = LagWatch(lambda: self.data.positions, max_lag_s)
        self.known: frozenset[int] = frozenset()
        self.table_is_stale = False
        self._store = store
        self._archive = archive
        self._trace = trace
        self._table = Requests(store, INSTRUMENTS_KEY)
        self._feeds: dict[int, LiveFeed] = {}
        self._beside: WeakValueDictionary[tuple[FeedPositions, ...], Beside]
        self._beside = WeakValueDictionary()
        self._moved = Notifier()
        self._feeds_changed = Notifier()
        self._topics: list[CandleTopic] = []
        self._listened = Shared[str, str]()

    @property
    def store(self) -> Store:
        """The Redis that the feeds are in."""
        return self._store

    # --- feeds
    def feed(self, epoch: Epoch, still_current: Callable[[], Awaitable[bool]]) -> LiveFeed:
        """Return a feed in a new epoch, which is then loaded by `seed`."""
        self.data.prepare(epoch)
        return LiveFeed(self._store, self, epoch, still_current, self._past)

    def _past(self, stream: Stream, epoch: Epoch) -> History | None:
        if self._archive is None:
            return None
        return DeepHistory(self._store, stream, epoch.key, self._archive)

    async def seed(self, feed: LiveFeed) -> dict[Stream, int]:
        """Load a feed from Redis; return the positions of its last ticks.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        self.data.load_instruments(await read_instruments(self._table))
        positions = await feed.seed()
        if not self.data.instruments.names_all:  # named since, as names come before ticks
            self.data.load_instruments(await read_instruments(self._table))
        self.data.follow_clock(feed.epoch.feed)
        self.data.name_all()
        return positions

    def enter(self, feed: LiveFeed, positions: dict[Stream, int]) -> None:
        """Make a feed that was loaded up to some positions part of the market."""
        self.fanout.settle_all()
        self._feeds[feed.epoch.feed] = feed
        self.data.enter(feed.epoch, positions)
        if self._routes is not None:
            self._routes.begin(feed.epoch.feed)
        self.fanout.forget_epoch(feed.epoch.feed, positions)
        self._rename(feed.epoch.feed)
        self.catch_up.restart()
        self.lag.restart()
        self._feeds_changed.notify()

    async def leave(self, feed: int) -> None:
        """Stop following a feed, whose epoch is over."""
        left = self._feeds.pop(feed)
        left.close()
        self.data.leave(feed)
        self.catch_up.restart()
        self.lag.restart()
        self._feeds_changed.notify()
        await left.stop()

    async def stop(self) -> None:
        """Stop reading and publishing."""
        for feed in list(self._feeds):
            await self.leave(feed)
        self._table.close()
        self.publisher.close()
        self.catch_up.close()
        if self._routes is not None:
            self._routes.close()
        self.lag.close()
        self.fanout.close()

    @property
    def unfollowed(self) -> list[Stream]:
        """The streams that are not being read."""
        return [stream for feed in self._feeds.values() for stream in feed.unfollowed]

    def read_positions(self) -> dict[Stream, int]:
        """Return the position up to which each followed stream has been read."""
        return {
            stream: max(self.data.positions[stream], self._reader(stream).skipped)
            for stream in self.data.streams
        }

    def is_current(self, epoch: Epoch) -> bool:
        """Return whether the streams of an epoch are those that are followed."""
        feed = self._feeds.get(epoch.feed)
        return feed is not None and feed.epoch == epoch and not feed.has_ended

    @property
    def feeds(self) -> Collection[int]:
        """The feeds that are followed in their current epoch."""
        return self._feeds.keys()

    async def feeds_changed(self) -> None:
        """Wait until the next change of `feeds` or of their epochs."""
        await self._feeds_changed.wait()

    @property
    def loading(self) -> Collection[int]:
        """Feeds in Redis that are still to be loaded, or to be loaded again."""
        return self.known - self._feeds.keys()

    # --- history, for subscribers that catch up
    def _reader(self, stream: Stream) -> StreamReader:
        return self._feeds[stream.feed].readers[stream]

    def history(self, stream: Stream) -> History:
        """Return the reader of a stream's history, with what the archive has of it."""
        return self._reader(stream).past

    def recent(self, stream: Stream, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""
        return self._reader(stream).recent(position)

    def _older_bars(self, stream: Stream) -> OlderBars:
        return self._reader(stream).older

    def beside(self, others: tuple[FeedPositions, ...]) -> HistorySource:
        """Return the same source, in whose ids other feeds have the given positions."""
        found = self._beside.get(others)
        if found is None:
            found = self._beside[others] = Beside(self, others)
        return found

    async def route(self, since: FeedPositions) -> Route | None:
        """Return the route from a position in an ended epoch; see `TickSource`."""
        return None if self._routes is None else await self._routes.route(since)

    async def moved(self) -> None:
        """Wait until more ticks are published."""
        await self._moved.wait()

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
        listing = self.data.instruments.current(symbol)
        if listing is not None:
            self.data.slots.listen(listing.slot, on)

    def use_topics(self, topics: list[CandleTopic]) -> None:
        """Set the candle topics that have subscribers."""
        self._topics = topics
        for topic in topics:
            topic.slot, topic.track = self.slot_of(topic.symbol), self.track_of(topic.symbol)
        self.publisher.use_topics(topics)

    # --- instruments
    def slot_of(self, symbol: str) -> int | None:
        """Return the slot of the instrument that a symbol names now, None if it is not loaded."""
        listing = self.data.instruments.current(symbol)
        return listing.slot if listing is not None and self._is_loaded(listing) else None

    def _is_loaded(self, listing: Listing) -> bool:
        return listing.stream in self.data.positions

    def track_of(self, symbol: str) -> Track:
        """Return the instruments that a symbol stood for, in order of time."""
        listing = self.data.instruments.find(symbol)
        if listing is None or not self._is_loaded(listing):
            return ()
        return self.data.instruments.track(listing)

    def id_at(self, slot: int) -> str:
        """Return the id of the newest tick of the stream that an instrument is in."""
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
        """Follow the table of instruments, and tell clients of it."""
        self.data.name_all()
        self._rename()
        instruments = {"instruments": self.data.instruments.encoded()}
        self.fanout.announce(REALTIME, "instruments", instruments)

    def _rename(self, loaded: int | None = None) -> None:
        """Find the instruments that the symbols of topics name now.

        A candle topic is reset if its symbol has begun or ceased to stand for an instrument, or if
        its feed has been loaded.
        """
        for symbol in self._listened:
            self._mark(symbol, True)
        before = {topic: (topic.slot, topic.track) for topic in self._topics}
        self.use_topics(self._topics)
        listings = self.data.instruments.listings
        for topic, held in before.items():
            feeds = {listings[span.slot].stream.feed for span in topic.track}
            if (topic.slot, topic.track) != held or loaded in feeds:
                self.publisher.reset(topic)

    # --- calls of the stream readers
    def publish(
        self, stream: Stream, entry: TickEntry, ticks: Ticks, ts: int | None = None
    ) -> None:
        """Publish one entry, given its ticks with their slots.

        `ts` is a time in it, in ns, if it may be older than the table of instruments.
        """
        self.fanout.take(stream, entry, ticks, ts)

    def move(self, feed: int, ts: int) -> None:
        """Go on to a time (ns) of a feed, and to the symbols of that time."""
        if self.data.instruments.is_current(feed, ts):
            return
        self.fanout.settle_all()  # under the symbols that the ticks had
        if self.data.instruments.move(feed, ts):
            self.renamed()

    def flush(self, stream: Stream, newest: TickEntry | None, read_ns: int) -> None:
        """Write the published entries to the sockets; `newest` is the last of them, if any."""
        encoded_ns = self._trace.now()
        self.fanout.flush()
        if newest is None:
            return
        self._trace.sample(self.data, stream, newest, read_ns, encoded_ns)
        self._moved.notify()

    def bars_closed(self, entries: list[Entry]) -> None:
        """Take entries of closed bars.

        They add two things to the ticks: a feed's own bars, and closes by feed time.
        """
        pieces = all_bars_of(entries)
        closing = pieces[pieces["flags"] & BAR_LATE == 0]
        self._follow_bars(closing[closing["trades"] == 0])
        self.publisher.take(pieces[pieces["trades"] == 0])
        for feed, instrument_id, interval_s, start, position, trades in _closed_pieces(closing):
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
            self.move(int(newest["feed"]), int(newest["start"]))

    def lost(self, stream: Stream, before: int, ticks: int) -> None:
        """Announce that a number of ticks after a position were lost, and reset the candles."""
        self.metrics.gaps.inc()
        self.metrics.lost.inc(ticks)
        logger.warning("%d ticks of stream %s after position %d were lost", ticks, stream, before)
        own = {one: self.data.positions[one] for one in self.data.streams_of(stream.feed)}
        begin = WireId.of(self.data.epochs, {**own, stream: before})
        end = WireId.of(self.data.epochs, own)
        self._announce_gap(REALTIME, begin, end)
        listings = self.data.instruments.listings
        for listing in listings:
            if listing.stream == stream:
                for topic in self.data.instruments.topics(listing.slot):
                    self._announce_gap(topic, begin, end)
        for candles in self._topics:
            if candles.slot is not None and listings[candles.slot].stream == stream:
                self.publisher.reset(candles)

    def _announce_gap(self, topic: str, begin: WireId, end: WireId) -> None:
        self.fanout.announce(topic, "gap", {"from": str(begin), "to": str(end)})

    def bad_entry(self, error: BadEntry) -> None:
        """Count an entry that cannot be decoded, and log the first."""
        if not self.metrics.saw_bad_entry:
            logger.warning("skipping an entry of a tick stream that is not tickfire's: %s", error)
            self.metrics.saw_bad_entry = True
        self.metrics.bad_entries.inc()


def _closed_pieces(pieces: Rows) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield (feed, instrument_id, interval_s, start, position, trades) of each of BAR[]."""
    names = ("feed", "instrument_id", "interval_s", "start", "n", "trades")
    yield from zip(*(pieces[name].tolist() for name in names), strict=True)
