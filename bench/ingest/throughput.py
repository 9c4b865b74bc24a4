"""Throughput from a gateway through ingest and Redis to a reader, and the cost of batches in Redis.

The second part writes the same entries to Redis by plain pipelined XADD commands and by the script
of ingest, which compares the head first. Run it with ``python -m bench.ingest.throughput``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from typing import Any, Final

from redis.asyncio import Redis

from bench.figures import print_figures
from bench.ingest.feed import Feed
from bench.ingest.running import ingesting
from bench.processes import cpu_seconds
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.connection import RedisConnection
from tickfire.store.entries import Entry, position_of, split, ticks_of
from tickfire.store.head import APPEND, append_arguments
from tickfire.store.resp import Reply, encode_command
from tickfire.store.schema import TICK, Stream, head_key, ticks_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

STREAM: Final = Stream(1, 0)
HISTORY: Final = 100_000_000
WINDOW: Final = 256
"""Entries under way at once."""


class Reader:
    """Reader of the stream of ticks, as the server's."""

    def __init__(self) -> None:
        self.position = 0
        self.missing = 0

    def on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        """Count the ticks of entries, and those that are missing before them."""
        for entry in entries:
            ticks = ticks_of(entry)
            self.missing += split(ticks, self.position)[1]
            self.position = ticks.last


async def flow(count: int) -> dict[str, float]:
    """Return trades a second from the feed to a reader, and CPU a trade of each process in ns."""
    feed, reader = Feed(), Reader()
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    url = f"redis://127.0.0.1:{server.options.port}/0"
    port = await feed.listen()
    client: Any = Redis(port=server.options.port)
    store = await Store.open(url)
    tail = Tail(store, {ticks_key(STREAM): b"0-0"}, reader.on_entries)
    with ingesting(port, url, "--history-ticks", str(HISTORY)) as ingest:
        reading = asyncio.create_task(tail.run())
        await feed.flood(1 << 16)
        while reader.position < feed.sent:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        pid = int((await client.info("server"))["process_id"])
        pids = (ingest.pid, pid, os.getpid())
        before, sent = [cpu_seconds(each) for each in pids], feed.sent
        began = await feed.flood(sent + count)
        while reader.position < feed.sent:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        seconds = time.perf_counter() - began
        used = [cpu_seconds(each) - old for each, old in zip(pids, before, strict=True)]
        reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await store.close()
    await client.aclose()
    await server.stop()
    count = feed.sent - sent
    return {
        "trades": count,
        "trades_per_s": round(count / seconds),
        "ingest_cpu_ns": round(used[0] / count * 1e9, 1),
        "redis_cpu_ns": round(used[1] / count * 1e9, 1),
        "feed_and_reader_cpu_ns": round(used[2] / count * 1e9, 1),
        "missing": reader.missing,
    }


# --- batches
async def batches(entries: int, per_batch: int, ticks: int) -> dict[str, float]:
    """Return CPU of Redis an entry, in us, by plain XADD and by the script, and their ratio."""
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    url = f"redis://127.0.0.1:{server.options.port}/0"
    store = await Store.open(url)
    client: Any = store.client
    pid = int((await client.info("server"))["process_id"])
    connection = await store.connect(head_key(STREAM))
    script: Any = await connection.command("SCRIPT", "LOAD", APPEND)
    used = {}
    for name in ("xadd", "batch"):
        await client.flushdb()
        before = cpu_seconds(pid)
        await _write(connection, script if name == "batch" else b"", entries, per_batch, ticks)
        used[name] = cpu_seconds(pid) - before
    connection.close()
    await store.close()
    await server.stop()
    return {
        "ticks_per_entry": ticks,
        "entries_per_batch": per_batch,
        "xadd_us": round(used["xadd"] / entries * 1e6, 2),
        "batch_us": round(used["batch"] / entries * 1e6, 2),
        "ratio": round(used["batch"] / used["xadd"], 2),
    }


async def _write(
    connection: RedisConnection, script: bytes, entries: int, per_batch: int, ticks: int
) -> None:
    """Write entries with WINDOW of them under way, in batches by a script if one is given."""
    data, header = os.urandom(ticks * TICK.itemsize), bytes(32)
    position, head = 0, b""
    waiting: asyncio.Queue[None] = asyncio.Queue()
    under_way = 0

    def on_reply(reply: Reply) -> None:
        waiting.put_nowait(None)

    for number in range(entries // per_batch):
        commands = []
        for _ in range(per_batch):
            position += ticks
            oldest = max(0, position - HISTORY)
            commands.append(
                (
                    b"XADD", ticks_key(STREAM), b"MINID", b"~", oldest, b"%d-0" % position,
                    b"h", header, b"d", data,
                )
            )  # fmt: skip
        if script:
            left = b"%032d %d" % (number, position)
            arguments = append_arguments(head_key(STREAM), head, left, commands)
            connection.send_raw(encode_command(b"EVALSHA", script, *arguments), on_reply)
            head = left
            under_way += 1
        else:
            for command in commands:
                connection.send_raw(encode_command(*command), on_reply)
            under_way += per_batch
        while under_way * (per_batch if script else 1) > WINDOW:
            await waiting.get()
            under_way -= 1
    for _ in range(under_way):
        await waiting.get()
    assert position_of(b"%d-0" % position) == entries * ticks


def main() -> None:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=10_000_000, help="trades to send")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args()
    results = [run_loop(flow(options.trades))]
    results += [
        run_loop(batches(entries, per_batch, ticks))
        for entries, per_batch, ticks in ((100_000, 1, 4), (20_480, 1, 256), (20_480, 16, 256))
    ]
    for result in results:
        print_figures(result, as_json=options.json)
        if not options.json:
            print()


if __name__ == "__main__":
    main()
