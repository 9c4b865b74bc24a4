"""Channel of ``candles:<SYMBOL>:<interval>``; the interval follows the last colon."""

from __future__ import annotations

from typing import Any

from tickfire.base.units import decimal
from tickfire.phoenix import Socket
from tickfire.server.market.candles.candles import seconds_of
from tickfire.server.market.candles.json import bars_as_json
from tickfire.server.market.candles.topics import CandleTopics
from tickfire.server.market.epoch.follower import EpochFollower
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import candle_limit, refuse
from tickfire.server.market.topics.require import require_listing, require_live


class CandleChannel(OutboundChannel):
    """Candles of one instrument: the history in the join reply, then the changes."""

    def __init__(self, epochs: EpochFollower, candles: CandleTopics) -> None:
        self._epochs = epochs
        self._candles = candles
        self._topic: str | None = None

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the history."""
        symbol, _, interval = topic.removeprefix("candles:").rpartition(":")
        limit = candle_limit(payload)
        interval_s = seconds_of(interval)
        if interval_s is None:
            raise refuse("unknown interval")
        live = require_live(self._epochs)
        listing = require_listing(live, symbol)
        self._candles.hold(topic, symbol, interval)
        self._topic = topic
        tick_size = listing.instrument.tick_size
        return {
            "symbol": symbol,
            "interval": interval,
            "tick_size": decimal(tick_size) if tick_size > 0 else None,
            "candles": bars_as_json(live.data.candles.history(listing.slot, interval_s, limit)),
            "id": str(live.data.id_of(listing)),
        }

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Unsubscribe."""
        if self._topic is not None:
            self._candles.release(self._topic)
            self._topic = None
