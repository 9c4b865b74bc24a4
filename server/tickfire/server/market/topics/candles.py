"""Channel of ``candles:<SYMBOL>:<interval>``; the interval follows the last colon."""

from __future__ import annotations

from typing import Any

from tickfire.base.units import decimal
from tickfire.phoenix import JoinError, NoReply, Reply, Socket, Stop
from tickfire.server.market.candles.candles import seconds_of
from tickfire.server.market.candles.topics import CandleTopics
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.topics.candle_pages import CandlePages
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import candle_before, candle_limit, refuse
from tickfire.server.market.topics.require import require_listing, require_live


class CandleChannel(OutboundChannel):
    """Candles of one instrument: the newest in the join reply, the changes, and older pages."""

    def __init__(self, feeds: FeedFollower, candles: CandleTopics, pages: CandlePages) -> None:
        self._feeds = feeds
        self._candles = candles
        self._pages = pages
        self._topic: str | None = None
        self._symbol = ""
        self._interval_s = 0

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Subscribe; reply with the newest candles."""
        symbol, _, interval = topic.removeprefix("candles:").rpartition(":")
        limit = candle_limit(payload)
        interval_s = seconds_of(interval)
        if interval_s is None:
            raise refuse("unknown interval")
        live = require_live(self._feeds)
        listing = require_listing(live, symbol)
        self._candles.hold(topic, symbol, interval)
        self._topic, self._symbol, self._interval_s = topic, symbol, interval_s
        tick_size = listing.instrument.tick_size
        track = live.data.instruments.track(listing)
        page = live.pages.newest(track, interval_s, limit)
        return {
            "symbol": symbol,
            "interval": interval,
            "tick_size": decimal(tick_size) if tick_size > 0 else None,
            "candles": page.bars,
            "more": page.more or self._pages.may_have_older(),
            "id": str(live.data.id_of(listing)),
        }

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Reply to ``history`` with the candles before a time."""
        if event != "history":
            return await super().handle_in(event, payload, socket)
        try:
            before, limit = candle_before(payload), candle_limit(payload)
            connection = socket.user_socket
            page = self._pages.page(self._symbol, self._interval_s, before, limit, connection)
            return Reply(await page)
        except JoinError as error:
            return Reply(error.payload, "error")

    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Unsubscribe."""
        if self._topic is not None:
            self._candles.release(self._topic)
            self._topic = None
