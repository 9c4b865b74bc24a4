"""The channels of ticks: ``market:realtime`` and ``market:<SYMBOL>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickfire.phoenix import JoinError, Socket
from tickfire.server.market.epoch.live import Live
from tickfire.server.market.ticks.merge import MergedLane
from tickfire.server.market.ticks.subscription import BadSince, Subscription
from tickfire.server.market.ticks.views import (
    REALTIME,
    BinaryLane,
    InstrumentLane,
    Lane,
    TradesLane,
)
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import MarketParams, refuse
from tickfire.store.requests import RedisUnavailable

if TYPE_CHECKING:
    from tickfire.server.market.market import Market

MAX_BINARY_TOPIC = 255
"""Bytes: a V2 binary broadcast counts its topic in one."""


class _TicksChannel(OutboundChannel):
    """What both have in common: a subscription, from join to end."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._subscription: Subscription | None = None

    async def _subscribe(
        self, live: Live, socket: Socket, lane: Lane, shards: tuple[int, ...], params: MarketParams
    ) -> dict[str, Any]:
        if params.max_hz is not None:
            lane = MergedLane(lane, params.max_hz)
        self._subscription = self._market.subscribe(live, socket, lane, shards)
        try:
            return await self._subscription.start(params.since)
        except BaseException as error:
            self._unsubscribe()
            if isinstance(error, BadSince):
                raise refuse(str(error)) from None
            if isinstance(error, RedisUnavailable):
                raise refuse("the history cannot be read now; join again") from None
            raise

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._market.unsubscribe(self._subscription)
            self._subscription = None

    def _still(self, live: Live) -> None:
        """Refuse a join during which a new data set began."""
        if self._market.live is not live:
            self._unsubscribe()
            raise refuse("the market begins anew; join again")

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """End the subscription."""
        self._unsubscribe()


class RealtimeChannel(_TicksChannel):
    """Every trade of every instrument, or of some."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the instruments and the newest id."""
        params = MarketParams.of(payload)
        live = self._market.require()
        for symbol in params.symbols or ():
            if live.data.instruments.find(symbol) is None:
                raise refuse("unknown symbol")
        lane: Lane
        if params.binary:
            _require_binary(topic, socket)
            lane = BinaryLane(topic, params.symbols, None)
        else:
            lane = TradesLane(socket.vsn, params.symbols)
        shards = tuple(range(live.data.shards))
        resumed = await self._subscribe(live, socket, lane, shards, params)
        self._still(live)
        return {
            "instruments": live.data.instruments.as_json(),
            "id": str(live.data.place()),
            **resumed,
        }


class InstrumentChannel(_TicksChannel):
    """The trades and the top of book of one instrument."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the snapshot and the newest id."""
        params = MarketParams.of(payload)
        live = self._market.require()
        symbol = topic.removeprefix("market:")
        listing = live.data.instruments.find(symbol)
        if listing is None:
            raise refuse("unknown symbol")
        if params.symbols is not None:
            raise refuse(f"symbols is a param of {REALTIME}")
        lane: Lane
        if params.binary:
            _require_binary(topic, socket)
            lane = BinaryLane(topic, None, symbol)
        else:
            lane = InstrumentLane(socket.vsn, symbol)
        resumed = await self._subscribe(live, socket, lane, (listing.shard,), params)
        self._still(live)
        return {
            "symbol": symbol,
            "snapshot": live.data.snapshot(listing.slot),
            "id": str(live.data.place_of(listing)),
            **resumed,
        }


def _require_binary(topic: str, socket: Socket) -> None:
    if socket.vsn != "v2":
        raise JoinError({"reason": "binary encoding needs vsn 2.0.0"})
    if len(topic.encode()) > MAX_BINARY_TOPIC:
        raise JoinError({"reason": "the topic is too long for binary encoding"})
