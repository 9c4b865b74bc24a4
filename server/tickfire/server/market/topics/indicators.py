"""Channel of ``indicators:<SYMBOL>:<interval>:<indicator>``, such as ``ESU4:1m:ema(20)``."""

from __future__ import annotations

from typing import Any, Final

from tickfire.models.features.catalogue import FEATURES
from tickfire.models.rules.parse import RuleError, parse_feature
from tickfire.phoenix import Socket
from tickfire.server.market.candles.candles import seconds_of
from tickfire.server.market.candles.indicators import Indicator, Indicators
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import candle_limit, refuse
from tickfire.server.market.topics.quotas import Quota, client_of, granted
from tickfire.server.market.topics.require import require_listing, require_live

INDICATORS: Final = "indicators:*"


class IndicatorChannel(OutboundChannel):
    """Values of one indicator: those so far in the join reply, then one with each candle."""

    def __init__(self, feeds: FeedFollower, indicators: Indicators, quota: Quota) -> None:
        self._feeds = feeds
        self._indicators = indicators
        self._quota = quota
        self._indicator: Indicator | None = None

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the values so far."""
        symbol, interval, text = _parts(topic)
        limit = candle_limit(payload)
        if seconds_of(interval) is None:
            raise refuse("unknown interval")
        require_listing(require_live(self._feeds), symbol)
        try:
            feature = parse_feature(text)
        except RuleError as error:
            raise refuse(str(error)) from None
        if feature.name not in FEATURES:
            raise refuse(f"{feature.name} is no indicator")
        client, key = client_of(socket), (symbol, interval, str(feature))
        self._quota.take(client, key, granted(socket, "indicators"))
        try:
            self._indicator = self._indicators.hold(topic, symbol, interval, feature)
        except BaseException:
            self._quota.give_back(client, key)
            raise
        return self._indicator.as_json(limit)

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Unsubscribe."""
        if self._indicator is not None:
            self._indicators.release(self._indicator, socket.topic)
            self._quota.give_back(client_of(socket), self._indicator.key)
            self._indicator = None


def _parts(topic: str) -> tuple[str, str, str]:
    """Return symbol, interval and indicator; a symbol may contain colons."""
    rest, _, text = topic.removeprefix("indicators:").rpartition(":")
    symbol, _, interval = rest.rpartition(":")
    return symbol, interval, text
