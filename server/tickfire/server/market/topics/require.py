"""Conditions of joins: the market and the instrument that a topic needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final

from tickfire.phoenix import JoinError
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.params import refuse

MAX_NAMED: Final = 20
"""Unknown symbols that a refusal names."""
LOAD_TIMEOUT_S: Final = 5.0
"""Time that a join waits for what it replies with to be read, in seconds."""


def require_live(feeds: FeedFollower) -> LiveMarket:
    """Return the market.

    Raises
    ------
    JoinError
        Its feeds have not been loaded yet, or there are none.
    """
    if feeds.live is None:
        raise refuse("no market data yet")
    return feeds.live


def require_listing(live: LiveMarket, symbol: str) -> Listing:
    """Return the instrument that a symbol names.

    Raises
    ------
    JoinError
        There is no such instrument, or its feed is still being loaded.
    """
    listing = live.data.instruments.find(symbol)
    if listing is None:
        raise refuse("unknown symbol")
    if listing.stream not in live.data.streams:
        raise refuse("no market data yet")
    return listing


def require_listings(live: LiveMarket, symbols: Iterable[str]) -> None:
    """Check that symbols name instruments.

    Raises
    ------
    JoinError
        One does not, which the response names, or its feed is still being loaded.
    """
    symbols = list(symbols)
    unknown = [symbol for symbol in symbols if live.data.instruments.find(symbol) is None]
    if unknown:
        raise JoinError({"reason": "unknown symbol", "symbols": unknown[:MAX_NAMED]})
    for symbol in symbols:
        require_listing(live, symbol)


async def require_loaded(loaded: Awaitable[None], name: str) -> None:
    """Wait until records, reports or headlines, named by a plural, have been read.

    Raises
    ------
    JoinError
        They cannot be read in time.
    """
    try:
        async with asyncio.timeout(LOAD_TIMEOUT_S):
            await loaded
    except TimeoutError:
        raise refuse(f"the {name} cannot be read now; join again") from None
