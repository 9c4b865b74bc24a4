"""`Market`: the market application, put together from its parts."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UserError
from tickfire.base.retry import retry
from tickfire.phoenix import Channel, Hub
from tickfire.server.market.books.consolidate import BOOKS_VIEW
from tickfire.server.market.books.present import PresentRecords
from tickfire.server.market.books.tops import TOPS_VIEW
from tickfire.server.market.candles.indicators import Indicators
from tickfire.server.market.candles.topics import CandleTopics
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.epoch.trace import TRACE, TraceSampler
from tickfire.server.market.pipeline.health import HEALTH, Health
from tickfire.server.market.reports.follower import Reports
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
from tickfire.server.metrics import Metrics
from tickfire.store.store import Store
from tickfire.store.url import redacted

CLIENT_INDICATORS: Final = 100
MAX_INDICATORS: Final = 2_000
"""Indicators that one client, and that all clients of a worker, may have."""
CLIENT_VIEWS: Final = 64
MAX_VIEWS: Final = 1_000
"""Views by `symbols` or `max_hz` that one client, and that all clients of a worker, may have."""

logger = logging.getLogger(__name__)


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
    ) -> None:
        self.redis_url = redis_url
        self.hub = hub
        self.metrics = metrics or Metrics()
        self.news = News(hub)
        self.signals = Signals(hub)
        self._sessions = sessions
        self.subscriptions = TickSubscriptions()
        self.candles = CandleTopics()
        self.indicators = Indicators(hub, self.candles)
        self.feeds = FeedFollower(self._make_live, on_leave=self._leave, on_enter=self._enter)
        self.reports = Reports(hub, self.feeds)
        self.books = PresentRecords(hub, self.feeds, BOOKS_VIEW)
        self.tops = PresentRecords(hub, self.feeds, TOPS_VIEW)
        self._pages = CandlePages(self.feeds)
        self._indicators_quota = Quota("indicators", CLIENT_INDICATORS, MAX_INDICATORS)
        self._views_quota = Quota("views by symbols or max_hz", CLIENT_VIEWS, MAX_VIEWS)
        self._trace = TraceSampler(hub, self.metrics, clients, clock)
        self.health = Health(
            hub, self.metrics, self._trace, lambda: self.live, clients, clock, self._tell_feeds
        )
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
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
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop following Redis."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        store = await self._open()
        loop = asyncio.get_running_loop()
        followers = (
            self.news,
            self.signals,
            self.health,
            self.reports,
            self.books,
            self.tops,
        )
        tasks = [loop.create_task(one.run(store)) for one in followers]
        try:
            await self.feeds.run(store)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
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
        live = LiveMarket(store, self.hub, views, self.metrics, self._trace, self._sessions)
        self.candles.source = live
        return live

    def _leave(self, feed: int) -> None:
        self.subscriptions.leave(feed)

    def _enter(self, feed: int) -> None:
        self.subscriptions.enter(feed)

    # --- health and metrics
    def _tell_feeds(self, feeds: list[dict[str, Any]]) -> None:
        if self.live is not None:
            self.live.fanout.announce(REALTIME, "feeds", {"feeds": feeds})

    def trouble(self) -> str | None:
        """Return the reason why the market is not ready to serve, None if it is."""
        if not self.feeds.reachable:
            return f"Redis at {redacted(self.redis_url)} is out of reach"
        if self.feeds.refusal is not None:
            return self.feeds.refusal
        if self.live is None:
            return "no epoch is loaded: ingest has not started, or its data is still being read"
        if not self.live.is_following:
            return "ticks are not being read: Redis does not answer, or the epoch has ended"
        return None

    def _watch(self) -> None:
        self.metrics.watch(
            "subscribers", "Joined channels by kind of topic.", "kind", self._count_subscribers
        )
        self.metrics.watch("hub", "Counters of the hub.", "event", self._hub_counters)

    def _count_subscribers(self) -> dict[str, float]:
        realtime = self.subscriptions.count_realtime()
        return {
            "market:realtime": realtime,
            "market:<symbol>": len(self.subscriptions) - realtime,
            "candles": self.candles.count(),
            "indicators": self.indicators.count(),
        }

    def _hub_counters(self) -> dict[str, float]:
        stats = self.hub.stats
        return {
            "broadcasts": stats.broadcasts,
            "overflowed": stats.overflowed,
            "aborted": stats.aborted,
        }
