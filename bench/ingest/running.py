"""The benchmarks' feed in a thread, and ingest as a process that reads it."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench.ingest.feed import Feed
from bench.processes import tickfire
from tickfire.base.run import run_loop


def ingesting(
    feed_port: int, redis_url: str, *arguments: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run ingest of the feed at a port, with more arguments; it ends with the context."""
    return tickfire(
        "ingest", "--gateway", f"127.0.0.1:{feed_port}", "--key", "db-benchmark-0123456789",
        "--dataset", "BENCH", "--schemas", "trades", *arguments, REDIS_URL=redis_url,
    )  # fmt: skip


@contextlib.contextmanager
def feeding(rate: float, *, past_s: int = 0) -> Iterator[int]:
    """Run the feed, from seconds of the past on, in a thread of its own; yield its port."""
    port: list[int] = []
    listening = threading.Event()

    async def run() -> None:
        feed = Feed()
        port.append(await feed.listen())
        listening.set()
        with contextlib.suppress(RuntimeError, OSError):  # ingest has ended
            await feed.fill(past_s)
            await feed.run(rate, float("inf"))

    threading.Thread(target=run_loop, args=(run(),), daemon=True).start()
    listening.wait()
    yield port[0]
