"""Quiet ticks for the anomaly models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.store.schema import TICK, TICK_ASK, TICK_BID, TICK_TRADE

type Ticks = NDArray[np.void]
CENT = 10_000_000
SECOND = 1_000_000_000


def market(trades: int, seed: int = 1, instruments: int = 1, feed: int = 0) -> Ticks:
    """Return TICK[3 * trades]: a bid, an ask and a trade in turn, a cent apart, at random times."""
    rng = np.random.default_rng(seed)
    ticks = np.zeros(3 * trades, TICK)
    ticks["kind"] = np.tile([TICK_BID, TICK_ASK, TICK_TRADE], trades)
    middle = 10_000 + np.cumsum(rng.integers(-1, 2, trades))
    offsets = np.stack([middle - 1, middle + 1, middle + rng.integers(-1, 2, trades)], axis=1)
    ticks["price"] = offsets.ravel() * CENT
    ticks["size"] = np.repeat(rng.lognormal(5.0, 1.0, trades).astype(np.uint32) + 1, 3)
    times = 1_700_000_000 * SECOND + np.cumsum(
        rng.exponential(0.1 * SECOND, trades).astype(np.int64)
    )
    ticks["ts_event"] = np.repeat(times, 3)
    ticks["instrument_id"] = np.repeat(rng.integers(1, instruments + 1, trades), 3)
    ticks["feed"] = feed
    return ticks


def trade(ticks: Ticks, number: int) -> int:
    """Return the index of the trade with a given number, counted from 0."""
    return int(np.flatnonzero(ticks["kind"] == TICK_TRADE)[number])
