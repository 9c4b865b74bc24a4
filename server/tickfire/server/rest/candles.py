"""``GET /v1/candles``: the candles of a symbol, the newest page first, each page in order."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.units import decimal, decimal_or_none, milliseconds
from tickfire.server.market.candles.series import START, Bars, vwaps_of
from tickfire.server.market.epoch.candle_history import CandleHistory
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import Query, cursor_numbers
from tickfire.store.schema import INTERVALS_S

COLUMNS: Final = ("time", "open", "high", "low", "close", "volume", "trades", "vwap")


async def candles_page(
    history: CandleHistory, live: LiveMarket, listing: Listing, query: Query
) -> Page:
    """Return the newest candles of a range of time, or of its part before the cursor.

    Raises
    ------
    BadQuery
        The cursor is not valid.
    RedisUnavailable, ArchiveBusy, ArchiveUnavailable
        They cannot be read now.
    """
    end = query.end
    if query.cursor:
        end = min(end, cursor_numbers(query.cursor, 1)[0])
    interval_s = INTERVALS_S[query.interval]
    bars, more = await history.before(live, listing, interval_s, end, query.limit)
    begin = int(np.searchsorted(bars[:, START], query.start))
    more = more and not begin and len(bars) > 0 and int(bars[0, START]) > query.start
    bars = bars[begin:]
    cursor = str(int(bars[0, START])) if more else None
    about = {"symbol": listing.symbol, "interval": query.interval}
    return Page(COLUMNS, _rows(bars), cursor, about)


def _rows(bars: Bars) -> list[tuple[object, ...]]:
    means = vwaps_of(bars).tolist()
    return [
        (milliseconds(start), *map(decimal, prices), volume, trades or None, decimal_or_none(mean))
        for (start, *prices, volume, trades), mean in zip(bars[:, :7].tolist(), means, strict=True)
    ]
