"""The channel of candles: ``candles:<SYMBOL>:<interval>``, the interval after the last colon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickfire.base.units import decimal
from tickfire.phoenix import Socket
from tickfire.server.market.candles.candles import seconds_of
from tickfire.server.market.candles.json import bars_as_json
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import candle_limit, refuse

if TYPE_CHECKING:
    from tickfire.server.market.market import Market


class CandleChannel(OutboundChannel):
    """Bars of one instrument: history in the join reply, then what changes."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._topic: str | None = None

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the history."""
        symbol, _, interval = topic.removeprefix("candles:").rpartition(":")
        limit = candle_limit(payload)
        interval_s = seconds_of(interval)
        if interval_s is None:
            raise refuse("unknown interval")
        live = self._market.require()
        listing = live.data.instruments.find(symbol)
        if listing is None:
            raise refuse("unknown symbol")
        self._market.listen_to_candles(topic, symbol, interval)
        self._topic = topic
        tick_size = listing.instrument.tick_size
        return {
            "symbol": symbol,
            "interval": interval,
            "tick_size": decimal(tick_size) if tick_size > 0 else None,
            "candles": bars_as_json(live.data.candles.history(listing.slot, interval_s, limit)),
            "id": str(live.data.place_of(listing)),
        }

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Stop listening."""
        if self._topic is not None:
            self._market.leave_candles(self._topic)
            self._topic = None
