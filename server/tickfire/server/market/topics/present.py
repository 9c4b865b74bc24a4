"""Channels of ``book:<SYMBOL>`` and ``quotes:<SYMBOL>``: present records by publisher."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix import Socket
from tickfire.server.market.books.present import PresentRecords
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.require import require_listing, require_live, require_loaded


class PresentChannel(OutboundChannel):
    """A kind of record of one instrument: the present ones in the join reply, and the changes."""

    def __init__(self, feeds: FeedFollower, records: PresentRecords) -> None:
        self._feeds = feeds
        self._records = records

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the present records, null if the feed has none of the instrument."""
        view = self._records.view
        listing = require_listing(require_live(self._feeds), topic.removeprefix(view.prefix))
        await require_loaded(self._records.loaded(listing), view.kind.name)
        return {"symbol": listing.symbol, view.event: self._records.present(listing)}
