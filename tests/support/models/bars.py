"""Bars of chosen prices, in the format of the store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import PRICE_SCALE
from tickfire.store.schema import BAR

type Bars = NDArray[np.void]
MINUTE = 60 * 10**9
START = 1_700_000_000_000_000_000 // (60 * MINUTE) * 60 * MINUTE


def bars(prices: NDArray[np.float64], number: int = 1, start: int = START) -> Bars:
    """Return BAR[n] of one-minute bars.

    Parameters
    ----------
    prices
        float64[n, 4]: open, high, low, close.
    number
        Instrument id.
    start
        Start of the first bar, in ns since the Unix epoch.
    """
    made = np.zeros(len(prices), BAR)
    made["start"] = start + np.arange(len(prices)) * MINUTE
    for k, name in enumerate(("open", "high", "low", "close")):
        made[name] = np.rint(prices[:, k] * PRICE_SCALE)
    made["n"] = np.arange(1, len(prices) + 1) * 10
    made["interval_s"] = 60
    made["instrument_id"] = number
    return made
