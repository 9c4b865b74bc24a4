"""Candles for the pattern models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]
type Candles = tuple[Array, Array, Array, Array]


def market(seed: int, bars: int) -> Candles:
    """Return random candles on a price grid, with ties, dojis, gaps and flat stretches."""
    rng = np.random.default_rng(seed)
    grid = float(rng.choice([1, 2, 4, 100]))

    def rounded(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(x * grid) / grid

    steps = rng.standard_normal(bars) * rng.choice([0.0, 0.001, 0.01], bars)
    close = rounded(100.0 * np.exp(np.cumsum(steps)))
    apart = rounded(close + rng.standard_normal(bars) * rng.choice([0.0, 0.3, 3.0]))
    open_ = np.where(rng.random(bars) < 0.5, np.roll(close, 1), apart)
    wick = rng.choice([0.01, 0.5], 2)
    over = rounded(rng.exponential(wick[0], bars)) * (rng.random(bars) < 0.6)
    under = rounded(rng.exponential(wick[1], bars)) * (rng.random(bars) < 0.6)
    return open_, np.maximum(open_, close) + over, np.minimum(open_, close) - under, close
