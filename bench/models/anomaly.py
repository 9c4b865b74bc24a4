"""Cost of anomaly detection: the features of a trade, and the isolation forest of a bar.

Run it with ``python -m bench.models.anomaly``. Each figure is the median processor time of `ROUNDS`
rounds over the same seeded ticks; calls take up to 256 ticks, as those of `tickfire infer` do.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.anomaly.artifact import read
from tickfire.models.anomaly.detector import Limits, TickDetector
from tickfire.models.anomaly.stream import DEFAULT_PATH
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import TICK, TICK_ASK, TICK_BID, TICK_TRADE

TRADES: Final = 300_000
BARS: Final = 20_000
INSTRUMENTS: Final = 100
ROUNDS: Final = 9
CENT: Final = 10_000_000
LIMITS: Final = Limits((12.0, 12.0, 12.0, 12.0, 25.0))


def market() -> NDArray[Any]:
    """Return a bid, an ask and a trade at a time, of some instruments."""
    rng = np.random.default_rng(7)
    ticks = np.zeros(3 * TRADES, TICK)
    ticks["kind"] = np.tile([TICK_BID, TICK_ASK, TICK_TRADE], TRADES)
    middle = 10_000 + np.cumsum(rng.integers(-1, 2, TRADES))
    steps = np.stack([middle - 1, middle + 1, middle + rng.integers(-1, 2, TRADES)], axis=1)
    ticks["price"] = steps.ravel() * CENT
    ticks["size"] = np.repeat(rng.lognormal(5.0, 1.0, TRADES).astype(np.uint32) + 1, 3)
    times = np.cumsum(rng.exponential(1e6, TRADES).astype(np.int64))
    ticks["ts_event"] = np.repeat(1_700_000_000_000_000_000 + times, 3)
    ticks["instrument_id"] = np.repeat(rng.integers(1, INSTRUMENTS + 1, TRADES), 3)
    return ticks


def nanoseconds(ticks: NDArray[Any], per_call: int) -> float:
    """Return the median time per tick."""
    times = []
    for _ in range(ROUNDS):
        detector = TickDetector(LIMITS)
        before = time.process_time_ns()
        for at in range(0, len(ticks), per_call):
            detector.push(ticks[at : at + per_call])
        times.append((time.process_time_ns() - before) / len(ticks))
    return statistics.median(times)


def forest_nanoseconds() -> float:
    """Return the median time per bar of the forest, with many bars in one call."""
    forest = read(DEFAULT_PATH).forest
    z = np.random.default_rng(7).standard_t(4, (BARS, 4))
    times = []
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        forest.scores(z)
        times.append((time.process_time_ns() - before) / BARS)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    ticks = market()
    trades = ticks[ticks["kind"] == TICK_TRADE]
    entry = MAX_TICKS_PER_ENTRY
    print("ns per tick, median")
    print(f"one third trades, {entry} per call {nanoseconds(ticks, entry):6.1f}")
    print(f"one third trades, one call     {nanoseconds(ticks, len(ticks)):6.1f}")
    print(f"only trades, one call          {nanoseconds(trades, len(trades)):6.1f}")
    print(f"isolation forest, per bar      {forest_nanoseconds():6.1f}")


if __name__ == "__main__":
    main()
