"""The tops of book of an instrument's publishers, as clients see them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tickfire.base.units import UNDEF_PRICE, decimal, milliseconds
from tickfire.ingest.dbn.publishers import PUBLISHERS
from tickfire.server.market.books.present import View
from tickfire.store.by_publisher import TOPS


def tops_as_json(symbol: str, tops: Sequence[np.void]) -> dict[str, Any]:
    """Return the payload of a ``quotes`` event.

    Parameters
    ----------
    symbol : str
    tops : sequence of TOP
        The present top of each publisher, at least one.
    """
    in_order = sorted(tops, key=lambda top: int(top["publisher_id"]))
    return {"symbol": symbol, "publishers": [_top_as_json(top) for top in in_order]}


def _top_as_json(top: np.void) -> dict[str, Any]:
    number, ts_event = int(top["publisher_id"]), int(top["ts_event"])
    sides = {
        name: value
        for side in ("bid", "ask")
        for name, value in _side_as_json(side, int(top[f"{side}_price"]), int(top[f"{side}_size"]))
    }
    return {
        "publisher_id": number,
        "publisher": PUBLISHERS.get(number),
        **sides,
        "timestamp": milliseconds(ts_event),
        "ts_event": str(ts_event),
    }


def _side_as_json(side: str, price: int, size: int) -> list[tuple[str, Any]]:
    is_absent = price == UNDEF_PRICE
    return [
        (side, None if is_absent else decimal(price)),
        (f"{side}_size", None if is_absent else size),
    ]


TOPS_VIEW: Final = View(TOPS, "quotes:", "quotes", tops_as_json)
