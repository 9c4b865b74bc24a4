"""Channel of ``book:<SYMBOL>``: the best levels of an instrument's order book."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tickfire.phoenix import Socket
from tickfire.server.market.books.follower import Books
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.params import refuse
from tickfire.server.market.topics.require import require_listing, require_live

BOOKS: Final = "book:*"
LOAD_TIMEOUT_S: Final = 5.0
"""Time that a join waits for the present books to be read, in seconds."""


class BookChannel(OutboundChannel):
    """The order book of one instrument: the present one in the join reply, and the changes."""

    def __init__(self, feeds: FeedFollower, books: Books) -> None:
        self._feeds = feeds
        self._books = books

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the present book, null if the feed has none of the instrument."""
        listing = require_listing(require_live(self._feeds), topic.removeprefix("book:"))
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                await self._books.loaded(listing)
        except TimeoutError:
            raise refuse("the order book cannot be read now; join again") from None
        return {"symbol": listing.symbol, "book": self._books.present(listing)}
