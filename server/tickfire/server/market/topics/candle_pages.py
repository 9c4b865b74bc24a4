"""`CandlePages`: the bars before a time, page by page, for the channels of all clients."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from weakref import WeakKeyDictionary

from tickfire.base.units import NS_PER_MS
from tickfire.server.market.candles.pages import BarPage
from tickfire.server.market.epoch.archive import ArchiveUnavailable
from tickfire.server.market.epoch.candle_history import CandleHistory
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.params import refuse
from tickfire.server.market.topics.require import require_listing, require_live
from tickfire.store.requests import RedisUnavailable

READS: Final = 2
"""Pages that are read from Redis at a time."""

logger = logging.getLogger(__name__)


class CandlePages:
    """Pages of candles, from memory or, if they are older, from Redis and from the archive.

    Both are read for `READS` connections at a time, and for one page of a connection: others take
    their turn, however many pages one client requests at once.
    """

    def __init__(self, feeds: FeedFollower, history: CandleHistory) -> None:
        self._feeds = feeds
        self._history = history
        self._reads = asyncio.Semaphore(READS)
        self._turns: WeakKeyDictionary[object, asyncio.Lock] = WeakKeyDictionary()

    async def page(
        self, symbol: str, interval_s: int, before: int, limit: int, connection: object
    ) -> dict[str, Any]:
        """Return the newest candles that start before a time, as the reply to ``history``.

        Parameters
        ----------
        symbol : str
        interval_s : int
        before : int
            In ms since the Unix epoch.
        limit : int
        connection : object
            Stands for the connection of the client.

        Raises
        ------
        JoinError
            There is no such instrument, or the bars cannot be read now.
        """
        live = require_live(self._feeds)
        listing = require_listing(live, symbol)
        end = before * NS_PER_MS
        if self._needs_reading(live, listing, interval_s, end, limit):
            turn = self._turns.setdefault(connection, asyncio.Lock())
            async with turn, self._reads:
                page = await self._read(live, listing, interval_s, end, limit)
        else:
            track = live.data.instruments.track(listing)
            page = live.pages.before(track, interval_s, end, limit)
        return {
            "candles": page.bars,
            "more": page.more,
            "oldest": page.oldest,
            "id": str(live.data.id_of(listing)),
        }

    def may_have_older(self) -> bool:
        """Return whether there may be older candles than those in Redis."""
        return self._history.archive is not None

    def _needs_reading(
        self, live: LiveMarket, listing: Listing, interval_s: int, end: int, limit: int
    ) -> bool:
        if live.older.needs_stream(listing, interval_s, end):
            return True
        track = live.data.instruments.track(listing)
        return self.may_have_older() and not live.pages.before(track, interval_s, end, limit).more

    async def _read(
        self, live: LiveMarket, listing: Listing, interval_s: int, end: int, limit: int
    ) -> BarPage:
        epoch = live.data.epochs[listing.stream.feed]
        try:
            older = await self._history.before(live, listing, interval_s, end, limit)
            while older.more and not len(older.bars):  # clients go on before the first bar
                end = older.reached
                older = await self._history.before(live, listing, interval_s, end, limit)
        except (RedisUnavailable, ArchiveUnavailable) as error:
            logger.warning("cannot read old bars of %s: %s", listing.symbol, error)
            raise refuse("history cannot be read now") from error
        if live.data.epochs[listing.stream.feed] != epoch:
            raise refuse("history has begun anew")
        return BarPage.of(older.bars, more=older.more)
