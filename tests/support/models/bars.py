"""Minute bars, as records that models take."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, PRICE_SCALE
from tickfire.store.schema import BAR

MINUTE: Final = 60 * NS_PER_S
START: Final = 1_700_000_000 * NS_PER_S // (60 * MINUTE) * 60 * MINUTE
"""The beginning of an hour."""

type Bars = NDArray[np.void]


def minute_bars(prices: NDArray[np.float64], instrument_id: int = 1, start: int = START) -> Bars:
    """Return BAR[n] of float64[n, 4]: open, high, low, close."""
    made = np.zeros(len(prices), BAR)
    made["start"] = start + np.arange(len(prices)) * MINUTE
    for k, name in enumerate(("open", "high", "low", "close")):
        made[name] = np.rint(prices[:, k] * PRICE_SCALE)
    made["n"] = np.arange(1, len(prices) + 1) * 10
    made["interval_s"] = 60
    made["instrument_id"] = instrument_id
    return made
