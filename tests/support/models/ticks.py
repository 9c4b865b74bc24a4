"""Ticks of a quiet simulated market, for anomaly detectors."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.store.schema import TICK, TICK_ASK, TICK_BID, TICK_TRADE

type Ticks = NDArray[np.void]

CENT: Final = 10_000_000


def quiet_market(trades: int, seed: int = 1, instruments: int = 1, feed: int = 0) -> Ticks:
    """Return a bid, an ask and a trade at a time, a cent apart, at random times."""
    rng = np.random.default_rng(seed)
    ticks = np.zeros(3 * trades, TICK)
    ticks["kind"] = np.tile([TICK_BID, TICK_ASK, TICK_TRADE], trades)
    middle = 10_000 + np.cumsum(rng.integers(-1, 2, trades))
    offsets = np.stack([middle - 1, middle + 1, middle + rng.integers(-1, 2, trades)], axis=1)
    ticks["price"] = offsets.ravel() * CENT
    ticks["size"] = np.repeat(rng.lognormal(5.0, 1.0, trades).astype(np.uint32) + 1, 3)
    steps = rng.exponential(0.1 * NS_PER_S, trades).astype(np.int64)
    ticks["ts_event"] = np.repeat(1_700_000_000 * NS_PER_S + np.cumsum(steps), 3)
    ticks["instrument_id"] = np.repeat(rng.integers(1, instruments + 1, trades), 3)
    ticks["feed"] = feed
    return ticks


def trade_index(ticks: Ticks, number: int) -> int:
    """Return the index of a trade among ticks, by its number among the trades."""
    return int(np.flatnonzero(ticks["kind"] == TICK_TRADE)[number])
