"""Run each attack against ``tickfire serve`` while an honest client measures its round trips.

Prints for each attack the honest client's median and longest round trip, the server's memory
before, at its peak and 10 s later, the lines that the server logged, and its answer. Run it with
``python -m bench.abuse [--json] [ATTACK...]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from typing import Any, Final

import redis

from bench.abuse.attacks import ATTACKS
from bench.abuse.floods import FLOODS
from bench.abuse.honest import honest
from bench.processes import resident_mib, tickfire, wait_for_url
from tests.support.publisher import Publisher
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis

SETTLE_S: Final = 10.0
SAMPLE_S: Final = 0.02
ALL: Final = ATTACKS | FLOODS


def main() -> None:
    """Run the attacks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="ATTACK", help=", ".join(ALL))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    run_loop(_run(arguments.names or list(ALL), as_json=arguments.json))


async def _run(names: list[str], *, as_json: bool) -> None:
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    try:
        Publisher(redis.Redis(port=server.options.port)).instruments({1: "AAA"})
        url = f"redis://127.0.0.1:{server.options.port}/0"
        for name in names:
            _print(name, await asyncio.to_thread(attacked, name, url), as_json=as_json)
    finally:
        await server.stop()


def _print(name: str, figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"attack": name, **figures}), flush=True)
    else:
        text = "  ".join(f"{key} {value}" for key, value in figures.items())
        print(f"{name:16s} {text}", flush=True)


def attacked(name: str, redis_url: str) -> dict[str, Any]:
    """Return the figures of one attack on a fresh server."""
    port = free_port()
    options = ["serve", "--dev", "--port", str(port), "--redis-url", redis_url]
    if name in FLOODS:
        options.append("--limit-loopback")
    with tempfile.TemporaryFile("w+") as log, tickfire(*options, log=log) as server:
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        before = resident_mib(server.pid)
        with _Peak(server.pid) as peak, honest(port) as figures:
            began = time.monotonic()
            answer = ALL[name](port)
            took = time.monotonic() - began
        time.sleep(SETTLE_S)
        log.seek(0)
        return {
            "p50_ms": round(figures[0], 2),
            "stall_ms": round(figures[1], 1),
            "mib": [round(one) for one in (before, peak.mib, resident_mib(server.pid))],
            "took_s": round(took, 1),
            "log_lines": sum(1 for _ in log),
            "answer": answer,
        }


class _Peak:
    """The most memory that a process had, sampled in a thread."""

    def __init__(self, pid: int) -> None:
        self.mib = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self.mib = max(self.mib, resident_mib(self._pid))


if __name__ == "__main__":
    main()
