"""``GET /v1/candles``: the candles of a symbol, the newest page first, each page in order."""

from __future__ import annotations

import numpy as np

from tickfire.base.units import decimal, decimal_or_none, milliseconds
from tickfire.server.market.candles.archived import Older
from tickfire.server.market.candles.series import START, Bars, vwaps_of
from tickfire.server.market.epoch.candle_history import CandleHistory
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.rest.columns import CANDLES
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import Query, cursor_numbers
from tickfire.store.schema import INTERVALS_S


async def candles_page(
    history: CandleHistory, live: LiveMarket, listing: Listing, query: Query
) -> Page:
    """Return the newest candles of a range of time, or of its part before the cursor.

    There may be fewer than the limit, or none, although there is a next page.

    Raises
    ------
    BadQuery
        The cursor is not valid.
    RedisUnavailable, ArchiveUnavailable
        They cannot be read now.
    """
    interval_s = INTERVALS_S[query.interval]
    older = await history.before(live, listing, interval_s, end_of(query), query.limit)
    return page_of(older, listing.symbol, query)


def end_of(query: Query) -> int:
    """Return the time (ns) before which the candles of a page start.

    Raises
    ------
    BadQuery
        The cursor is not valid.
    """
    return min(query.end, cursor_numbers(query.cursor, 1)[0]) if query.cursor else query.end


def page_of(older: Older, symbol: str, query: Query) -> Page:
    """Return the bars that a query asks for as a page."""
    begin = int(np.searchsorted(older.bars[:, START], query.start))
    bars = older.bars[begin:]
    cursor = str(older.reached) if older.more and older.reached > query.start else None
    about = {"symbol": symbol, "interval": query.interval}
    return Page(CANDLES, len(bars), lambda at, to: _rows(bars[at:to]), cursor, about)


def _rows(bars: Bars) -> list[tuple[object, ...]]:
    means = vwaps_of(bars).tolist()
    return [
        (milliseconds(start), *map(decimal, prices), volume, trades or None, decimal_or_none(mean))
        for (start, *prices, volume, trades), mean in zip(bars[:, :7].tolist(), means, strict=True)
    ]
