"""The channel of indicators: ``indicators:<SYMBOL>:<interval>:<indicator>``, as ``ema(20)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tickfire.models.features.catalogue import FEATURES
from tickfire.models.rules.parse import RuleError, parse_feature
from tickfire.phoenix import Socket
from tickfire.server.market.candles.candles import seconds_of
from tickfire.server.market.candles.indicators import Indicator
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import candle_limit, refuse

if TYPE_CHECKING:
    from tickfire.server.market.market import Market

INDICATORS: Final = "indicators:*"


class IndicatorChannel(OutboundChannel):
    """Values of one indicator: history in the join reply, then one with each change of a bar."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._topic: str | None = None

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the values so far."""
        symbol, interval, text = _parts(topic)
        limit = candle_limit(payload)
        if seconds_of(interval) is None:
            raise refuse("unknown interval")
        if self._market.require().data.instruments.find(symbol) is None:
            raise refuse("unknown symbol")
        try:
            feature = parse_feature(text)
        except RuleError as error:
            raise refuse(str(error)) from None
        if feature.name not in FEATURES:
            raise refuse(f"{feature.name} is no indicator")
        indicator = self._market.follow_indicator(
            topic, lambda: Indicator(self._market, topic, symbol, interval, feature)
        )
        self._topic = topic
        return indicator.as_json(limit)

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Stop listening."""
        if self._topic is not None:
            self._market.leave_indicator(self._topic)
            self._topic = None


def _parts(topic: str) -> tuple[str, str, str]:
    """Return symbol, interval and indicator; a symbol may hold colons."""
    rest, _, text = topic.removeprefix("indicators:").rpartition(":")
    symbol, _, interval = rest.rpartition(":")
    return symbol, interval, text
