"""Latency of a headline, from the stream `news` to its event with sentiment at a client.

Run it with ``python -m bench.models.headlines``. `tickfire redis`, `infer` and `serve` run as in
production. Times are wall-clock times, so other load on the machine adds to them.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

import msgspec
import numpy as np
import redis
import websockets
from redis.asyncio import Redis

from bench.processes import tickfire, wait_for_port, wait_for_url
from tests.support.publisher import Publisher
from tickfire.base.ports import free_port
from tickfire.store.schema import NEWS_KEY, Headline

HEADLINES: Final = 300
UNCOUNTED: Final = 20
"""Headlines at the start: the server waits for sentiment only once it has seen some."""
PATIENCE_S: Final = 10.0


def main() -> None:
    """Start the processes, measure and print."""
    store, server = free_port(), free_port()
    url = f"redis://127.0.0.1:{store}/0"
    with tickfire("redis", "--port", str(store)):
        wait_for_port(store)
        Publisher(redis.Redis(port=store)).instruments({1: "AAA"})
        with (
            tickfire("infer", "--model", "none", REDIS_URL=url),
            tickfire("serve", "--dev", "--port", str(server), REDIS_URL=url),
        ):
            wait_for_url(f"http://127.0.0.1:{server}/readyz")
            taken, bare = asyncio.run(measure(store, server))
    middle, late = np.percentile(taken, [50, 99])
    print(f"headline to client with sentiment, ms: p50 {middle:.2f}, p99 {late:.2f}")
    print(f"sent without sentiment first: {bare} of {len(taken)}")


async def measure(store: int, server: int) -> tuple[list[float], int]:
    """Return the latencies in ms, and the number of headlines sent without sentiment first."""
    taken, bare = [], 0
    address = f"ws://127.0.0.1:{server}/socket/websocket?vsn=2.0.0"
    async with Redis(port=store) as client, websockets.connect(address) as socket:
        await socket.send('["1","1","news:headlines","phx_join",{}]')
        await socket.recv()
        for number in range(HEADLINES):
            title = f"Example {number} beats expectations, shares rise {number}%"
            packed = msgspec.msgpack.encode(Headline(str(number), title, "bench", 0, 0))
            began = time.perf_counter()
            await client.xadd(NEWS_KEY, {"d": packed})
            while True:
                message = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
                if message[3] != "headline" or message[4]["id"] != str(number):
                    continue
                if message[4]["sentiment"] is not None:
                    break
                bare += number >= UNCOUNTED
            taken.append(1e3 * (time.perf_counter() - began))
    return taken[UNCOUNTED:], bare


if __name__ == "__main__":
    main()
