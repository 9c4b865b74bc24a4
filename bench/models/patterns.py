"""Cost of all candlestick patterns per closed bar, compared with TA-Lib over the whole series.

Run it with ``python -m bench.models.patterns``. Each figure is the median processor time of
`ROUNDS` rounds over the same seeded candles.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import talib
from numpy.typing import NDArray

from tickfire.models.patterns.candles import CandlePatterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS

BARS: Final = 50_000
LIVE_BARS: Final = 5_000
ROUNDS: Final = 9


def candles() -> tuple[NDArray[np.float64], ...]:
    """Return opens, highs, lows and closes."""
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.standard_normal(BARS)) / 1000.0)
    open_ = np.concatenate([close[:1], close[:-1]])
    over, under = rng.exponential(0.05, (2, BARS))
    return open_, np.maximum(open_, close) + over, np.minimum(open_, close) - under, close


def nanoseconds(function: Callable[[], Any], count: int) -> float:
    """Return the median processor time of a call, in ns per element."""
    times = []
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        function()
        times.append((time.process_time_ns() - before) / count)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    data = candles()
    library: Any = talib
    whole = nanoseconds(lambda: CandlePatterns().push(*data), BARS)

    def live() -> None:
        patterns = CandlePatterns()
        for i in range(LIVE_BARS):
            patterns.push(*(x[i : i + 1] for x in data))

    one_by_one = nanoseconds(live, LIVE_BARS)
    theirs = nanoseconds(lambda: [getattr(library, p.talib)(*data) for p in CANDLE_PATTERNS], BARS)
    print(f"61 patterns, many bars per call  {whole:8.0f} ns per bar (at most 2,000)")
    print(f"61 patterns, one bar per call    {one_by_one:8.0f} ns per bar, called from Python")
    print(f"TA-Lib, 61 calls over the series {theirs:8.0f} ns per bar")


if __name__ == "__main__":
    main()
