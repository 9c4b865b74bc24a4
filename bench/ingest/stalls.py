"""Stalls of ingest's event loop under a steady load, as its own metrics tell them.

By default 100,000 trades a second for ten minutes. Run it with ``python -m bench.ingest.stalls``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any, Final

from prometheus_client.samples import Sample

from bench.ingest.feed import Feed
from bench.ingest.running import ingesting
from bench.processes import wait_for_url
from bench.scrape import scrape
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis

LAG: Final = "tickfire_ingest_loop_lag_seconds"
SHOWN: Final = {
    "tickfire_ingest_stalls_total": "stalls",
    "tickfire_ingest_ticks_total": "ticks",
    "process_resident_memory_bytes": "memory_bytes",
}


async def stalls(rate: float, seconds: float) -> dict[str, Any]:
    """Return the histogram of the loop's lateness, and other figures, at the end of the load."""
    feed, server = Feed(), EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    port, metrics_port = await feed.listen(), free_port()
    redis_url = f"redis://127.0.0.1:{server.options.port}/0"
    with ingesting(port, redis_url, "--metrics-port", str(metrics_port)):
        url = f"http://127.0.0.1:{metrics_port}/metrics"
        await asyncio.to_thread(wait_for_url, url)
        await feed.run(rate, seconds)
        samples = await asyncio.to_thread(scrape, metrics_port)
    await server.stop()
    return {"seconds": seconds, "trades_per_s": rate, **figures_of(samples)}


def figures_of(samples: list[Sample]) -> dict[str, Any]:
    """Return the figures of scraped metrics."""
    found: dict[str, Any] = {"late": {}}
    before = 0.0
    for sample in samples:
        if sample.name == f"{LAG}_bucket":
            found["late"][f"up to {sample.labels['le']} s"] = int(sample.value - before)
            before = sample.value
        elif sample.name in SHOWN:
            found[SHOWN[sample.name]] = int(sample.value)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=float, default=100_000.0, help="trades a second")
    args = parser.parse_args()
    print(json.dumps(run_loop(stalls(args.rate, args.seconds)), indent=2))


if __name__ == "__main__":
    main()
