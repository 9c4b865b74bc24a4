"""What all candlestick patterns cost per closed bar, beside TA-Lib over the whole series.

Run it with ``python -m bench.models.patterns``. Times are of the processor; each is the median of
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
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.standard_normal(BARS)) / 1000.0)
    open_ = np.concatenate([close[:1], close[:-1]])
    over, under = rng.exponential(0.05, (2, BARS))
    return open_, np.maximum(open_, close) + over, np.minimum(open_, close) - under, close


def nanoseconds(function: Callable[[], Any], count: int) -> float:
    """Return the median time of a call per element."""
    times = []
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        function()
        times.append((time.process_time_ns() - before) / count)
    return statistics.median(times)


def main() -> None:
    data = candles()
    library: Any = talib
    whole = nanoseconds(lambda: CandlePatterns().push(*data), BARS)

    def live() -> None:
        patterns = CandlePatterns()
        for i in range(LIVE_BARS):
            patterns.push(*(x[i : i + 1] for x in data))

    one_by_one = nanoseconds(live, LIVE_BARS)
    theirs = nanoseconds(lambda: [getattr(library, p.talib)(*data) for p in CANDLE_PATTERNS], BARS)
    print(f"61 patterns, many bars a call   {whole:8.0f} ns a bar (at most 2,000)")
    print(
        f"61 patterns, one bar a call     {one_by_one:8.0f} ns a bar, the call from Python included"
    )
    print(f"TA-Lib, 61 calls of the series  {theirs:8.0f} ns a bar")


if __name__ == "__main__":
    main()
