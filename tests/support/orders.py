"""MBO records made by tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.support.dbn import START, rows
from tickfire.ingest.dbn.layout import FLAG_LAST, RTYPE_MBO


def orders(action: bytes, count: int, instrument_id: int = 7) -> NDArray[np.void]:
    """Return records of orders 1, 2, .. with bids at -1, -3, .. and asks at 2, 4, .., 3 each."""
    made = rows(
        RTYPE_MBO, count, instrument_id=instrument_id, publisher_id=1, flags=FLAG_LAST, size=3
    )
    made["ts_event"] = made["ts_recv"] = START
    made["action"], made["order_id"] = action[0], 1 + np.arange(count)
    made["side"] = np.where(np.arange(count) % 2, ord("A"), ord("B"))
    made["price"] = np.where(np.arange(count) % 2, 1, -1) * (1 + np.arange(count)) * 10**9
    return made
