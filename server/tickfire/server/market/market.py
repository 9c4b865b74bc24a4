"""`Market`: the market application, put together from its parts."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UserError
from tickfire.base.retry import retry
from tickfire.base.units import NS_PER_S
from tickfire.phoenix import Channel, Hub
from tickfire.server.market.books.consolidate import BOOKS_VIEW
from tickfire.server.market.books.present import PresentRecords
from tickfire.server.market.books.tops import TOPS_VIEW
from tickfire.server.market.candles.indicators import Indicators
from tickfire.server.market.candles.topics import CandleTopics
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.market.epoch.candle_history import CandleHistory
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.epoch.trace import TRACE, TraceSampler
from tickfire.server.market.pipeline.expected import expects_data
from tickfire.server.market.pipeline.flow import DEFAULT_STALE_S, Flow
from tickfire.server.market.pipeline.followers import Followers
from tickfire.server.market.pipeline.health import HEALTH, Health
from tickfire.server.market.pipeline.processes import Processes
from tickfire.server.market.pipeline.readiness import Readiness
from tickfire.server.market.pipeline.reading import not_read
from tickfire.server.market.reports.follower import Reports
from tickfire.server.market.ticks.lag import DEFAULT_MAX_LAG_S
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.ticks.subscription import Wait
from tickfire.server.market.ticks.subscriptions import TickSubscriptions
from tickfire.server.market.ticks.views import REALTIME
from tickfire.server.market.topics.candle_pages import CandlePages
from tickfire.server.market.topics.candles import CandleChannel
from tickfire.server.market.topics.health import HealthChannel
from tickfire.server.market.topics.indicators import INDICATORS, IndicatorChannel
from tickfire.server.market.topics.news import HEADLINES, News, NewsChannel
from tickfire.server.market.topics.present import PresentChannel
from tickfire.server.market.topics.quotas import Quota
from tickfire.server.market.topics.signals import SIGNALS, Signals, SignalsChannel
from tickfire.server.market.topics.stats import STATS, StatsChannel
from tickfire.server.market.topics.ticks import InstrumentChannel, RealtimeChannel
from tickfire.server.market.topics.trace import TraceChannel
from tickfire.server.market.workers import link_workers
from tickfire.server.metrics import Metrics
from tickfire.store.store import Store
from tickfire.store.url import redacted

MAX_INDICATORS: Final = 2_000
"""Indicators that all clients of a worker together may have."""
MAX_VIEWS: Final = 1_000
"""Views by `symbols` or `max_hz` that all clients of a worker together may have."""

logger = logging.getLogger(__name__)

type Follow = Callable[[Store], Coroutine[Any, Any, None]]
"""Follows something in Redis until cancelled."""

_NONE: Final[Mapping[str, Follow]] = MappingProxyType({})


class Market:
    """The market application on a hub.

    Parameters
    ----------
    redis_url : str
        A standalone Redis or a Cluster, which may become reachable later.
    hub : Hub
    metrics : Metrics, optional
    clock : callable
        Returns ns since the Unix epoch.
    clients : callable
        Returns the number of connections, for the traces.
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.
    stale_s : float
        Time without data of a feed, while its market is open, from which the market is not ready;
        0 if its readiness does not depend on feeds.
    max_lag_s : float
        Maximum lag of a client that gets every tick, in seconds; 0 for no limit.
    views, indicators : Quota, optional
        Bounds of the views by `symbols` or `max_hz`, and of the indicators, of clients.
    wait_s : callable
        Returns the seconds for which a client is to be sent no more, 0 if none.
    followers : mapping of str to callable
        Others by name that follow Redis as long as the market does.
    """

    def __init__(
        self,
        redis_url: str,
        hub: Hub,
        metrics: Metrics | None = None,
        *,
        clock: Callable[[], int] = time.time_ns,
        clients: Callable[[], int] = lambda: 0,
        sessions: Sessions | None = None,
        stale_s: float = DEFAULT_STALE_S,
        max_lag_s: float = DEFAULT_MAX_LAG_S,
        views: Quota | None = None,
        indicators: Quota | None = None,
        wait_s: Wait = lambda socket: 0.0,
        followers: Mapping[str, Follow] = _NONE,
        archive: Archive | None = None,
    ) -> None:
        self.redis_url = redis_url
        self.hub = hub
        self.metrics = metrics or Metrics()
        self.news = News(hub)
        self.signals = Signals(hub, self._find)
        self._sessions = sessions
        self._others = followers
        self._max_lag_s = max_lag_s
        self.subscriptions = TickSubscriptions(wait_s)
        self.candles = CandleTopics()
        self.indicators = Indicators(hub, self.candles)
        self.feeds = FeedFollower(self._make_live, on_leave=self._leave, on_enter=self._enter)
        self.reports = Reports(hub, self.feeds)
        self.books = PresentRecords(hub, self.feeds, BOOKS_VIEW)
        self.tops = PresentRecords(hub, self.feeds, TOPS_VIEW)
        self.archive = archive
        self.history = CandleHistory(archive)
        self._pages = CandlePages(self.feeds, self.history)
        self._indicators_quota = Quota("indicators") if indicators is None else indicators
        self._views_quota = Quota("views") if views is None else views
        self._trace = TraceSampler(hub, self.metrics, clients, clock)
        processes = Processes()
        flow = Flow(
            processes,
            int(stale_s * NS_PER_S),
            lambda feed: self.feeds.origins.get(feed),
            self._expects_data,
        )
        self._readiness = Readiness(flow, lambda: self.live, self.metrics, clock)
        self.health = Health(
            hub,
            self.metrics,
            self._trace,
            processes,
            lambda: self.live,
            lambda: self._readiness.written,
            clients,
            clock,
            self._tell_feeds,
        )
        self._clock = clock
        self._run_of = Followers()
        self._followers = Followers()
        self._watch()

    def channels(self) -> Mapping[str, Callable[[], Channel]]:
        """Return a factory of channels for each pattern of topics."""
        return {
            REALTIME: lambda: RealtimeChannel(
                self.feeds, self.subscriptions, self._views_quota, self.health
            ),
            "market:*": lambda: InstrumentChannel(
                self.feeds, self.subscriptions, self._views_quota, self.reports
            ),
            STATS: lambda: StatsChannel(self.feeds, self.reports),
            "book:*": lambda: PresentChannel(self.feeds, self.books),
            "quotes:*": lambda: PresentChannel(self.feeds, self.tops),
            "candles:*": lambda: CandleChannel(self.feeds, self.candles, self._pages),
            INDICATORS: lambda: IndicatorChannel(
                self.feeds, self.indicators, self._indicators_quota
            ),
            HEADLINES: lambda: NewsChannel(self.news),
            SIGNALS: lambda: SignalsChannel(self.signals),
            TRACE: lambda: TraceChannel(self._clock),
            HEALTH: lambda: HealthChannel(self.health),
        }

    # --- start and stop
    async def start(self) -> None:
        """Start following Redis; joins are refused until the feeds have been loaded."""
        self._run_of.begin("feeds", self._run())

    async def stop(self) -> None:
        """Stop following Redis."""
        await self._run_of.cancel()

    async def _run(self) -> None:
        store = await self._open()
        followers = {
            "news": self.news.run(store),
            "signals": self.signals.run(store),
            "beats": self.health.run(store),
            "reports": self.reports.run(store),
            "order books": self.books.run(store),
            "quotes": self.tops.run(store),
            "streams": self._readiness.run(),
            "bandwidth": self.subscriptions.watch_bandwidth(),
            "other workers": link_workers(self.hub, store),
            **{name: run(store) for name, run in self._others.items()},
        }
        for name, run in followers.items():
            self._followers.begin(name, run)
        try:
            await self.feeds.run(store)
        finally:
            await self._followers.cancel()
            await store.close()

    async def _open(self) -> Store:
        return await retry(
            lambda: Store.open(self.redis_url, patience_s=math.inf),
            on=(UserError,),
            what="connecting to Redis",
            logger=logger,
        )

    # --- feeds
    @property
    def live(self) -> LiveMarket | None:
        """The feeds that are followed, None until they have been loaded."""
        return self.feeds.live

    def _make_live(self, store: Store) -> LiveMarket:
        views = self.subscriptions.views
        live = LiveMarket(
            store,
            self.hub,
            views,
            self.metrics,
            self._trace,
            self._sessions,
            self._max_lag_s,
            self.archive,
        )
        self.candles.source = live
        self._readiness.begin()
        return live

    def _leave(self, feed: int) -> None:
        self.subscriptions.leave(feed)

    def _enter(self, feed: int) -> None:
        self.subscriptions.enter(feed)

    # --- health and metrics
    def _tell_feeds(self, feeds: list[dict[str, Any]]) -> None:
        if self.live is not None:
            self.live.fanout.announce(REALTIME, "feeds", {"feeds": feeds})

    def _find(self, symbol: str) -> Listing | None:
        return None if self.live is None else self.live.data.instruments.current(symbol)

    def _expects_data(self, feed: int, since: int, now: int) -> bool:
        listings = [] if self.live is None else self.live.data.instruments.listings
        present = self.reports.present
        return expects_data(listings, lambda *key: present.of(*key).status, feed, since, now)

    @property
    def is_settled(self) -> bool:
        """True once the feeds have been loaded, or are known to be none, or not to be readable."""
        feeds = self.feeds
        if feeds.live is not None:
            return not self._readiness.is_catching_up
        return feeds.refusal is not None or (feeds.reachable and not feeds.origins)

    def trouble(self) -> str | None:
        """Return the reason why the market cannot be served, None if it can."""
        if not self.feeds.reachable:
            return f"Redis at {redacted(self.redis_url)} is out of reach"
        if self.feeds.refusal is not None:
            return self.feeds.refusal
        if self.live is None:
            return "no epoch is loaded: ingest has not started, or its data is still being read"
        if self.live.loading:
            return f"feed {min(self.live.loading)} is being loaded"
        if self.live.unfollowed:
            named = not_read(self.live.unfollowed)
            return f"{named}: Redis does not answer, or the epoch has ended"
        return None

    def fault(self) -> str | None:
        """Return the reason why data does not flow to clients, None if it does."""
        return self.trouble() or self._readiness.fault()

    def failure(self) -> str | None:
        """Return the reason why a restart is needed, None if the market goes on by itself."""
        ended = self._run_of.ended + self._followers.ended
        if ended:
            return f"the reading of {', '.join(ended)} has ended; the log has the reason"
        return self._readiness.failure()

    def _watch(self) -> None:
        self.metrics.watch(
            "subscribers", "Joined channels by kind of topic.", "kind", self._count_subscribers
        )
        self.metrics.watch_one(
            "ready", "1 if /readyz answers 200.", lambda: float(self.fault() is None)
        )
        self.metrics.watch("hub", "Events of the hub.", "event", self._hub_counters, counts=True)
        self.metrics.watch(
            "evicted",
            "Connections closed because their client was too slow.",
            "cause",
            self._evictions,
            counts=True,
        )

    def _count_subscribers(self) -> dict[str, float]:
        realtime = self.subscriptions.count_realtime()
        return {
            "market:realtime": realtime,
            "market:<symbol>": len(self.subscriptions) - realtime,
            "candles": self.candles.count(),
            "indicators": self.indicators.count(),
        }

    def _evictions(self) -> dict[str, float]:
        stats = self.hub.stats
        return {
            "lag": self.metrics.evicted,
            "not_reading": stats.stalled,
            "write_limit": stats.aborted,
        }

    def _hub_counters(self) -> dict[str, float]:
        stats = self.hub.stats
        return {
            "broadcasts": stats.broadcasts,
            "overflowed": stats.overflowed,
            "aborted": stats.aborted,
        }
