"""Tops of book, and the times of events, as JSON. Pure."""

from __future__ import annotations

from typing import Any

from tickfire.base.units import UNDEF_PRICE, decimal_or_none, milliseconds
from tickfire.server.market.ticks.encode import Quote


def sides_as_json(quote: Quote) -> dict[str, Any]:
    """Return the prices and sizes of a top of book, None for those of an absent side."""
    bid, ask, bid_size, ask_size = quote
    return {
        "bid": decimal_or_none(bid),
        "ask": decimal_or_none(ask),
        "bid_size": None if bid == UNDEF_PRICE else bid_size,
        "ask_size": None if ask == UNDEF_PRICE else ask_size,
    }


def times_as_json(ts: int) -> dict[str, Any]:
    """Return a time (ns) in milliseconds and, exactly, as text."""
    return {"timestamp": milliseconds(ts), "ts_event": str(ts)}
