"""Latency of an anomaly through all processes, from a trade to a stock client.

Run it with ``python -m bench.models.anomaly_latency``; it takes two minutes. Two phoenix.js clients
in Node listen, one to the ticks of a symbol and one to its signals. The figure is the time between
the first trade of a burst at one client and its anomaly at the other.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.models.burst_file import BURST_SIZE, SYMBOL, write_bursts
from tests.support.house import Listener, listening, running_house

BURSTS: Final = 6
SECONDS: Final = 150
WAIT_S: Final = 90
APART_S: Final = 1.0


class Watch:
    """Watch for bursts at a client."""

    def __init__(self, listener: Listener, field: str) -> None:
        self._listener = listener
        self._field = field
        self._last = 0.0

    async def begins(self) -> float:
        """Return the time at which the next burst begins to arrive, in seconds."""
        while True:
            _, payload = await self._listener.row(WAIT_S)
            now = time.perf_counter()
            found = payload.get(self._field)
            if isinstance(found, int | float) and abs(found - BURST_SIZE) < 1:
                since, self._last = now - self._last, now
                if since > APART_S:
                    return now


async def measure() -> list[float]:
    """Return the delay of each burst, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bursts.dbn"
        write_bursts(file, SECONDS)
        async with running_house(FEED=str(file), SPEED="1") as house:
            async with (
                listening(house.socket, f"market:{SYMBOL}", {}, "tick") as ticks,
                listening(house.socket, f"signals:{SYMBOL}", {}, "anomaly") as signals,
            ):
                trades, anomalies = Watch(ticks, "volume"), Watch(signals, "value")
                return [await _delay(trades, anomalies) for _ in range(BURSTS)]


async def _delay(trades: Watch, anomalies: Watch) -> float:
    signalled = asyncio.create_task(anomalies.begins())
    traded = await trades.begins()
    return await signalled - traded


def main() -> None:
    """Measure and print."""
    delays = asyncio.run(measure())
    print("ms from the first trade of a burst to its anomaly, both at stock clients:")
    print(" ".join(f"{1e3 * one:.1f}" for one in sorted(delays)))
    print(f"median {1e3 * statistics.median(delays):.1f} (at most 50)")


if __name__ == "__main__":
    main()
