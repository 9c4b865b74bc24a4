"""Bars for ``tickfire chart``: those of a DBN file, or of a market in Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UsageError, UserError
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.kernel.bars import NoBarsError, file_bars
from tickfire.ingest.kernel.parse import FeedCorrupt
from tickfire.phoenix import Hub
from tickfire.render import Bars
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.market import Market
from tickfire.server.pictures.source import bars_of
from tickfire.store.store import Store

PATIENCE_S: Final = 15.0
"""Maximum time until the market in Redis has been read, in seconds."""
MAX_NAMED: Final = 12
"""Instruments that an error names."""


def bars_of_file(
    path: str, symbol: str | None, interval: str, sessions: Sessions | None = None
) -> tuple[str, Bars]:
    """Return an instrument of a DBN file, the most traded one by default, and its bars.

    Raises
    ------
    UsageError
        The file cannot be read, or holds no bars of the interval or of the instrument.
    """
    try:
        rows = list(file_bars(path, interval, sessions))
    except (DbnError, FeedCorrupt, NoBarsError) as error:
        raise UsageError(str(error)) from error
    traded: Counter[str] = Counter()
    for row in rows:
        traded[row["symbol"]] += row["volume"]
    chosen = traded.most_common(1)[0][0] if symbol is None else symbol
    if chosen not in traded:
        raise UsageError(f"{path} has no trades of {chosen}; it has {_names(list(traded))}.")
    return chosen, Bars.of([row for row in rows if row["symbol"] == chosen])


async def bars_of_market(
    redis_url: str, symbol: str, interval: str, sessions: Sessions | None = None
) -> Bars:
    """Return the bars of an instrument of a market in Redis, as the server has them.

    Raises
    ------
    UserError
        Redis does not answer, or no market is there.
    UsageError
        The market has no such instrument, or no bars of it.
    """
    store = await Store.open(redis_url)
    await store.close()
    market = Market(redis_url, Hub(), sessions=sessions)
    await market.start()
    try:
        live = await _wait_live(market)
        listing = live.data.instruments.find(symbol)
        if listing is None:
            known = [each.symbol for each in live.data.instruments.listings]
            raise UsageError(
                f"{symbol} is neither a file nor an instrument of the market; "
                f"it has {_names(known) or 'none'}."
            )
        bars = bars_of(live, listing, interval)
    finally:
        await market.stop()
    if not len(bars):
        raise UsageError(f"{symbol} has no {interval} bars yet.")
    return bars


async def _wait_live(market: Market) -> LiveMarket:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await market.feeds.wait_live()
    except TimeoutError:
        raise UserError(
            f"no market was found in Redis: {market.trouble()}; start tickfire ingest."
        ) from None


def _names(symbols: list[str]) -> str:
    shown = sorted(symbols)[:MAX_NAMED]
    return ", ".join(shown) + (", ..." if len(symbols) > MAX_NAMED else "")
