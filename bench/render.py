"""Pictures of charts on the server: time and CPU of one, and how many a second.

1280 x 720, 200 bars, with and without indicators, warm; drawn and written as PNG in a process of
their own, as for ``/chart.png``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any, Final

import numpy as np

from bench.processes import cpu_seconds
from tickfire.render import Bars
from tickfire.render.options import Options
from tickfire.render.worker.client import RenderProcess

BARS: Final = 200
HISTORY: Final = 2_000
WARM_UP: Final = 5
PICTURES: Final = 60
CASES: Final = {"plain": "", "ema(20),macd": "ema(20),macd"}
START_MS: Final = 1_719_840_600_000


def history(count: int) -> Bars:
    """Return bars of a seeded random walk."""
    rng = np.random.default_rng(7)
    close = 22_000 + np.cumsum(rng.integers(-8, 9, count))
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) + rng.integers(0, 6, count)
    low = np.minimum(opened, close) - rng.integers(0, 6, count)
    prices = np.stack((opened, high, low, close), axis=-1) * 250_000_000
    time_ms = START_MS + np.arange(count) * 60_000
    return Bars(time_ms, prices, rng.integers(1, 900, count).astype(np.float64), 250_000_000)


def measure(process: RenderProcess, indicators: str, scale: float) -> dict[str, Any]:
    """Return the figures of one kind of picture."""
    picture = Options(1280, 720, scale, indicators=indicators).picture("ESU4", 60_000, BARS)
    given = [history(HISTORY + at) for at in range(WARM_UP + PICTURES)]
    for bars in given[:WARM_UP]:
        png = process.draw(picture, bars)
    assert process.pid is not None
    spent, began, times = cpu_seconds(process.pid), time.perf_counter(), []
    for bars in given[WARM_UP:]:
        at = time.perf_counter()
        png = process.draw(picture, bars)
        times.append(time.perf_counter() - at)
    elapsed = time.perf_counter() - began
    return {
        "indicators": indicators,
        "scale": scale,
        "median_ms": round(statistics.median(times) * 1000, 1),
        "cpu_ms": round((cpu_seconds(process.pid) - spent) / PICTURES * 1000, 1),
        "per_s": round(PICTURES / elapsed, 1),
        "bytes": len(png),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    process = RenderProcess()
    try:
        began = time.perf_counter()
        process.draw(Options().picture("ESU4", 60_000, BARS), history(HISTORY))
        first_ms = round((time.perf_counter() - began) * 1000)
        rows = [measure(process, each, scale) for scale in (1, 2) for each in CASES.values()]
    finally:
        process.close()
    if as_json:
        print(json.dumps({"first_ms": first_ms, "pictures": rows}))
        return
    print(f"first picture, with the start of the process: {first_ms} ms")
    for row in rows:
        print(
            f"1280 x 720 at {row['scale']}, {row['indicators'] or 'no indicators':14} "
            f"{row['median_ms']:6.1f} ms, {row['cpu_ms']:6.1f} ms of CPU, "
            f"{row['per_s']:5.1f} a second, {row['bytes']:,} bytes"
        )


if __name__ == "__main__":
    main()
