"""Channel of ``stats:<SYMBOL>``: the statistics, the trading status and the auction of one."""

from __future__ import annotations

from typing import Any, Final

from tickfire.phoenix import Socket
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.reports.follower import Reports
from tickfire.server.market.reports.json import imbalance_as_json, stat_as_json, status_as_json
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.require import require_listing, require_live, require_loaded

STATS: Final = "stats:*"


class StatsChannel(OutboundChannel):
    """The reports of one instrument: the present ones in the join reply, and the changes."""

    def __init__(self, feeds: FeedFollower, reports: Reports) -> None:
        self._feeds = feeds
        self._reports = reports

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the present reports."""
        listing = require_listing(require_live(self._feeds), topic.removeprefix("stats:"))
        return await present_reports(self._reports, listing)


async def present_reports(reports: Reports, listing: Listing) -> dict[str, Any]:
    """Return the reply to a join of ``stats:<SYMBOL>``.

    Raises
    ------
    JoinError
        The reports cannot be read in time.
    """
    about, symbol = listing.instrument, listing.symbol
    await require_loaded(reports.loaded(about.feed), "statistics")
    present = reports.present.of(about.feed, about.instrument_id)
    status, imbalance = present.status, present.imbalance
    return {
        "symbol": symbol,
        "stats": {name: stat_as_json(symbol, stat) for name, stat in present.stats.items()},
        "status": None if status is None else status_as_json(symbol, status),
        "imbalance": None if imbalance is None else imbalance_as_json(symbol, imbalance),
    }
