"""The books of all publishers of an instrument as one, as clients see it. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tickfire.base.units import UNDEF_PRICE, decimal
from tickfire.server.market.books.present import View
from tickfire.server.market.ticks.json import times_as_json
from tickfire.store.by_publisher import BOOKS
from tickfire.store.schema import BOOK_CROSSED, BOOK_DEPTH, BOOK_UNSYNCED

type Level = tuple[int, int, int]
"""Price (1e-9), size, number of orders."""


def levels_of(book: np.void, side: str) -> list[Level]:
    """Return the levels of a side (``"bid"`` or ``"ask"``) of a BOOK, the best one first."""
    columns = (book[f"{side}_{name}"].tolist() for name in ("price", "size", "count"))
    return [level for level in zip(*columns, strict=True) if level[0] != UNDEF_PRICE]


def consolidated(sides: Sequence[list[Level]], *, descending: bool) -> list[Level]:
    """Return the best levels of some books, sizes and orders added up at equal prices."""
    if len(sides) == 1:
        return sides[0]
    total: dict[int, tuple[int, int]] = {}
    for levels in sides:
        for price, size, orders in levels:
            before = total.get(price, (0, 0))
            total[price] = before[0] + size, before[1] + orders
    best = (heapq.nlargest if descending else heapq.nsmallest)(BOOK_DEPTH, total)
    return [(price, *total[price]) for price in best]


def book_as_json(symbol: str, books: Sequence[np.void]) -> dict[str, Any]:
    """Return the payload of a ``book`` event.

    Parameters
    ----------
    symbol : str
    books : sequence of BOOK
        The present book of each publisher, at least one.
    """
    newest = max(int(book["ts_event"]) for book in books)
    bids = consolidated([levels_of(book, "bid") for book in books], descending=True)
    asks = consolidated([levels_of(book, "ask") for book in books], descending=False)
    return {
        "symbol": symbol,
        "bids": [[decimal(price), size, orders] for price, size, orders in bids],
        "asks": [[decimal(price), size, orders] for price, size, orders in asks],
        "publishers": sorted(int(book["publisher_id"]) for book in books),
        "unsynced": any(book["flags"] & BOOK_UNSYNCED for book in books),
        "crossed": any(book["flags"] & BOOK_CROSSED for book in books),
        **times_as_json(newest),
    }


BOOKS_VIEW: Final = View(BOOKS, "book:", "book", book_as_json)
