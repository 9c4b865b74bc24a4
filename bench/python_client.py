"""CPU per tick of the Python client, which reads recorded history as fast as it can.

`python -m bench.python_client [--ticks N] [--json]`

The server runs in a process of its own, on a Valkey of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.publisher import Publisher, trades
from tests.support.server import Server
from tests.support.valkey import Valkey
from tickfire.client import Market

ENTRY_TICKS = 256
TIMEOUT_S = 120.0


def serve(url: str, pipe: Connection) -> None:
    """Serve until the other end of the pipe says something; begin with the port."""

    async def run() -> None:
        with TemporaryDirectory() as folder:
            server = Server(url, static=Path(folder))
            await server.start()
            pipe.send(server.port)
            await asyncio.to_thread(pipe.recv)
            await server.stop()

    asyncio.run(run())


async def read(stream: Any, count: int, kind: str) -> dict[str, float]:
    """Read this many ticks, and return what that took."""
    got, began, cpu = 0, time.perf_counter(), time.process_time()
    async with asyncio.timeout(TIMEOUT_S):
        async for chunk in stream.chunks():
            got += len(chunk) if kind == "ticks" else sum(map(len, chunk))
            if got >= count:
                break
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"ticks_per_s": count / seconds, "cpu_us_per_tick": cpu / count * 1e6}


def measure(count: int) -> dict[str, dict[str, float]]:
    """Return the figures of both encodings."""
    valkey = Valkey()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    url = f"redis://127.0.0.1:{valkey.port}/0"
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(url, theirs))
    try:
        publisher = Publisher(valkey.client)
        publisher.instruments({1: "AAA"})
        start = publisher.id(0)
        publisher.publish(trades(count), ENTRY_TICKS)
        process.start()
        market = f"http://127.0.0.1:{ours.recv()}"
        results = {}
        for kind in ("ticks", "batches"):
            results[kind] = asyncio.run(_run(market, kind, start, count))
        ours.send("stop")
        return results
    finally:
        process.join(TIMEOUT_S)
        valkey.close()


async def _run(url: str, kind: str, start: str, count: int) -> dict[str, float]:
    return await read(getattr(Market(url), kind)(since=start), count, kind)


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=200_000, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure(options.ticks)
    if options.json:
        print(json.dumps(results))
        return 0
    for kind, figures in results.items():
        rate, cpu = figures["ticks_per_s"], figures["cpu_us_per_tick"]
        print(f"{kind:8} {rate:12,.0f} ticks/s {cpu:8.2f} us of CPU a tick")
    return 0


if __name__ == "__main__":
    sys.exit(main())
