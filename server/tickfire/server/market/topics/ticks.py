"""Channels of ticks: ``market:realtime`` and ``market:<SYMBOL>``."""

from __future__ import annotations

from typing import Any, Final

from tickfire.phoenix import Socket
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.pipeline.health import Health
from tickfire.server.market.reports.follower import Reports
from tickfire.server.market.reports.json import status_as_json
from tickfire.server.market.ticks.merged_views import ConflatedView
from tickfire.server.market.ticks.seek import BadSince
from tickfire.server.market.ticks.subscription import TickSubscription
from tickfire.server.market.ticks.subscriptions import TickSubscriptions
from tickfire.server.market.ticks.views import (
    REALTIME,
    BinaryView,
    InstrumentView,
    TradesView,
    View,
)
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import MarketParams, refuse
from tickfire.server.market.topics.quotas import Quota, client_of, granted
from tickfire.server.market.topics.require import require_listing, require_listings, require_live
from tickfire.store.requests import RedisUnavailable

MAX_BINARY_TOPIC: Final = 255
"""Bytes of a topic's name that a V2 binary broadcast can carry."""


class _TicksChannel(OutboundChannel):
    """A channel with one subscription to ticks, from its join to its end."""

    def __init__(self, feeds: FeedFollower, subscriptions: TickSubscriptions, quota: Quota) -> None:
        self._feeds = feeds
        self._subscriptions = subscriptions
        self._quota = quota
        self._own: tuple[object, object] | None = None
        """The client and the key of a view that is its own."""
        self._subscription: TickSubscription | None = None

    async def _subscribe(
        self,
        live: LiveMarket,
        socket: Socket,
        view: View,
        params: MarketParams,
    ) -> dict[str, Any]:
        """Subscribe; return the part of the join reply that says whether `since` was recovered."""
        if params.max_hz is not None:
            view = ConflatedView(view, params.max_hz)
        if params.max_hz is not None or params.symbols is not None:
            own = client_of(socket), (view.topic, view.name)
            self._quota.take(*own, granted(socket, "lanes"))
            self._own = own
        self._subscription = self._subscriptions.subscribe(live, socket, view)
        try:
            recovered = await self._subscription.start(params.since)
        except BaseException as error:
            self._unsubscribe()
            if isinstance(error, BadSince):
                raise refuse(str(error)) from None
            if isinstance(error, RedisUnavailable):
                raise refuse("the history cannot be read now; join again") from None
            raise
        return recovered

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._subscriptions.unsubscribe(self._subscription)
            self._subscription = None
        if self._own is not None:
            self._quota.give_back(*self._own)
            self._own = None

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Unsubscribe."""
        self._unsubscribe()


class RealtimeChannel(_TicksChannel):
    """All trades of all or some instruments."""

    def __init__(
        self, feeds: FeedFollower, subscriptions: TickSubscriptions, quota: Quota, health: Health
    ) -> None:
        super().__init__(feeds, subscriptions, quota)
        self._health = health

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the instruments and the newest id."""
        params = MarketParams.of(payload)
        live = require_live(self._feeds)
        require_listings(live, params.symbols or ())
        view: View
        if params.binary:
            _require_binary(topic, socket)
            view = BinaryView(topic, params.symbols, None, params.header)
        else:
            view = TradesView(socket.vsn, params.symbols)
        recovered = await self._subscribe(live, socket, view, params)
        return {
            "instruments": live.data.instruments.encoded(),
            "origin": self._feeds.origin,
            "feeds": self._health.feeds_as_json(),
            "id": str(live.data.newest_id()),
            **recovered,
        }


class InstrumentChannel(_TicksChannel):
    """The trades, the top of book and the trading status of one instrument."""

    def __init__(
        self, feeds: FeedFollower, subscriptions: TickSubscriptions, quota: Quota, reports: Reports
    ) -> None:
        super().__init__(feeds, subscriptions, quota)
        self._reports = reports

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the snapshot and the newest id."""
        params = MarketParams.of(payload)
        live = require_live(self._feeds)
        symbol = topic.removeprefix("market:")
        listing = require_listing(live, symbol)
        if params.symbols is not None:
            raise refuse(f"symbols is a param of {REALTIME}")
        view: View
        if params.binary:
            _require_binary(topic, socket)
            view = BinaryView(topic, None, symbol, params.header)
        else:
            view = InstrumentView(socket.vsn, symbol)
        recovered = await self._subscribe(live, socket, view, params)
        about = listing.instrument
        status = self._reports.present.of(about.feed, about.instrument_id).status
        return {
            "symbol": symbol,
            "status": None if status is None else status_as_json(symbol, status),
            "snapshot": live.data.snapshot(listing),
            "origin": self._feeds.origins.get(listing.stream.feed),
            "id": str(live.data.id_of(listing)),
            **recovered,
        }


def _require_binary(topic: str, socket: Socket) -> None:
    if socket.transport != "websocket":
        raise refuse("binary encoding needs a WebSocket")
    if socket.vsn != "v2":
        raise refuse("binary encoding needs vsn 2.0.0")
    if len(topic.encode()) > MAX_BINARY_TOPIC:
        raise refuse("the topic is too long for binary encoding")
