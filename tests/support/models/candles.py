"""Random candles for candlestick patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]
type Candles = tuple[Array, Array, Array, Array]
"""Opens, highs, lows and closes."""


def gridded_candles(seed: int, count: int) -> Candles:
    """Return candles on a grid of prices: with ties, dojis, gaps and flat stretches."""
    rng = np.random.default_rng(seed)
    grid = float(rng.choice([1, 2, 4, 100]))

    def rounded(x: Array) -> Array:
        return np.round(x * grid) / grid

    steps = rng.standard_normal(count) * rng.choice([0.0, 0.001, 0.01], count)
    close = rounded(100.0 * np.exp(np.cumsum(steps)))
    apart = rounded(close + rng.standard_normal(count) * rng.choice([0.0, 0.3, 3.0]))
    open_ = np.where(rng.random(count) < 0.5, np.roll(close, 1), apart)
    wick = rng.choice([0.01, 0.5], 2)
    over = rounded(rng.exponential(wick[0], count)) * (rng.random(count) < 0.6)
    under = rounded(rng.exponential(wick[1], count)) * (rng.random(count) < 0.6)
    return open_, np.maximum(open_, close) + over, np.minimum(open_, close) - under, close
