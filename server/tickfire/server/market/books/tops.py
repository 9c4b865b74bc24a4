"""The tops of book of an instrument's publishers, as clients see them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tickfire.ingest.dbn.publishers import PUBLISHERS
from tickfire.server.market.books.present import View
from tickfire.server.market.ticks.json import sides_as_json, times_as_json
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
    number = int(top["publisher_id"])
    bid, ask = int(top["bid_price"]), int(top["ask_price"])
    return {
        "publisher_id": number,
        "publisher": PUBLISHERS.get(number),
        **sides_as_json((bid, ask, int(top["bid_size"]), int(top["ask_size"]))),
        **times_as_json(int(top["ts_event"])),
    }


TOPS_VIEW: Final = View(TOPS, "quotes:", "quotes", tops_as_json)
