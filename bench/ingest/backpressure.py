"""Ingest while Redis is paused: its memory, and the trades that are lost.

A feed sends trades at a steady rate. Redis is suspended for some time and goes on. Ingest stops
reading its feed meanwhile, so the feed's socket fills up, and the feed sends the rest later. Then
the trades in the stream are compared with those that were sent. Run it with
``python -m bench.ingest.backpressure``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import time
from typing import Any, Final

import numpy as np
from redis.asyncio import Redis

from bench.figures import print_figures
from bench.ingest.feed import Feed
from bench.ingest.running import ingesting
from bench.processes import resident_mib
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.schema import TICK, TICK_TRADE, Stream, ticks_key

STREAM: Final = ticks_key(Stream(1, 0))
ENTRIES_PER_READ: Final = 1000
SETTLE_S: Final = 5.0
CATCH_UP_S: Final = 120.0


async def newest_position(client: Any) -> int:
    """Return the position of the newest tick."""
    newest = await client.xrevrange(STREAM, count=1)
    return int(newest[0][0].split(b"-")[0]) if newest else 0


async def faults(client: Any, sent: int) -> tuple[int, int]:
    """Return the numbers of trades that are missing from the stream, and that are there twice."""
    seen = np.zeros(sent, np.int64)
    low = b"-"
    while entries := await client.xrange(STREAM, low, count=ENTRIES_PER_READ):
        for _, fields in entries:
            ticks = np.frombuffer(fields[b"d"], TICK)
            np.add.at(seen, ticks["sequence"][ticks["kind"] == TICK_TRADE], 1)
        low = b"(" + entries[-1][0]
    return int((seen == 0).sum()), int((seen > 1).sum())


async def measure(rate: float, pause_s: float) -> dict[str, float]:
    """Return memory in MiB, times in s and the trades lost and repeated."""
    feed = Feed()
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    client: Any = Redis(port=server.options.port)
    seconds = pause_s + 2 * SETTLE_S
    port = await feed.listen()
    url = f"redis://127.0.0.1:{server.options.port}/0"
    with ingesting(port, url, "--history-ticks", "100000000") as ingest:
        sending = asyncio.create_task(feed.run(rate, seconds))
        while not await newest_position(client):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_S)
        before = resident_mib(ingest.pid)
        pid = int((await client.info("server"))["process_id"])
        os.kill(pid, signal.SIGSTOP)
        held = time.monotonic()
        peak = before
        while time.monotonic() < held + pause_s:
            await asyncio.sleep(0.25)
            peak = max(peak, resident_mib(ingest.pid))
        taken = feed.sent
        os.kill(pid, signal.SIGCONT)
        went_on = time.monotonic()
        await sending
        sent, deadline = feed.sent, time.monotonic() + CATCH_UP_S
        while await newest_position(client) < sent and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            peak = max(peak, resident_mib(ingest.pid))
        caught_up = time.monotonic() - went_on
    lost, repeated = await faults(client, sent)
    await client.aclose()
    await server.stop()
    return {
        "rate": rate,
        "pause_s": pause_s,
        "sent": sent,
        "taken_before_the_end_of_the_pause": taken,
        "resident_before_mib": round(before, 1),
        "resident_peak_mib": round(peak, 1),
        "caught_up_after_s": round(caught_up, 1),
        "lost": lost,
        "repeated": repeated,
    }


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100_000, help="trades per second")
    parser.add_argument("--pause", type=float, default=60, help="seconds for which Redis is paused")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    print_figures(run_loop(measure(options.rate, options.pause)), as_json=options.json)


if __name__ == "__main__":
    main()
