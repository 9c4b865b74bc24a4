"""`python -m bench.fanout.idle`: joins of `tickfire serve`, and the memory of those that stay.

The clients connect and join the ticks of all instruments, a number of handshakes at a time, and
then do nothing. They come once to a server that lets everybody in, and once, each with a key, to
one that checks keys and holds clients on this machine to its quotas too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import redis

from bench.fanout.generator import build, lines_of
from bench.figures import print_figures
from bench.processes import tickfire, wait_for_port, wait_for_url, worker_pid
from tests.support.publisher import Publisher, trades
from tickfire.base.ports import free_port

TOPIC: Final = "market:realtime"
CLIENTS: Final = 10_000
IDLE_S: Final = 2.0
PLENTY: Final = "1000000/1000000"
WITH_KEYS: Final = (
    *("--keys", "--limit-loopback", "--max-connections-per-address", "1000000"),
    *(
        part
        for name in ("connects", "joins", "messages")
        for part in ("--quota", f"{name}={PLENTY}")
    ),
)
"""Quotas that count as others do, and which so many clients of one key do not exceed."""


def make_key(redis_url: str) -> str:
    """Make a key with a limit of its own; return it."""
    command = [sys.executable, "-m", "tickfire.server", "keys", "create", "bench"]
    command += ["--rate", "joins=100000", "--redis-url", redis_url]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def measure(clients: int, concurrency: int, *, with_keys: bool) -> dict[str, float]:
    """Return the figures of one server."""
    redis_port, port = free_port(), free_port()
    url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        generator = build(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.enter_context(tickfire("redis", "--port", str(redis_port)))
        wait_for_port(redis_port)
        publisher = Publisher(redis.Redis(port=redis_port))
        publisher.instruments({1: "AAA"})
        publisher.publish(trades(1))
        token = f"&token={make_key(url)}" if with_keys else ""
        access = WITH_KEYS if with_keys else ("--dev",)
        server = stack.enter_context(tickfire("serve", *access, "--port", str(port), REDIS_URL=url))
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        connect, *phases = lines_of(
            [
                *(str(generator), "--port", str(port), "--topic", TOPIC, "--n", str(clients)),
                *("--path", f"/socket/websocket?vsn=2.0.0{token}"),
                *("--pid", str(worker_pid(server)), "--concurrency", str(concurrency)),
                f"idle:{IDLE_S}",
            ]
        )
    return {
        "joined": connect["ready"],
        "joins_per_s": connect["per_s"],
        "join_cpu_us": connect["server_cpu_us"],
        "join_p50_ms": connect["p50_us"] / 1e3,
        "join_p99_ms": connect["p99_us"] / 1e3,
        "idle_kb_per_connection": phases[0]["rss_kb_per_connection"] if phases else 0.0,
    }


def main() -> None:
    """Measure both servers and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="clients that connect")
    parser.add_argument("--concurrency", type=int, default=100, help="handshakes at a time")
    options = parser.parse_args()
    found = {
        name: measure(options.clients, options.concurrency, with_keys=with_keys)
        for name, with_keys in (("open", False), ("keys", True))
    }
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, figures in found.items():
        sys.stdout.write(f"--- {name}\n")
        print_figures(figures, as_json=False)


if __name__ == "__main__":
    main()
