"""`python -m bench.reload`: `tickfire reload` while thousands of clients get ticks.

The benchmark's feed is streamed at a steady rate to clients of `market:realtime`, which connect
again as phoenix.js does, after its delays, and join with the last id that they have seen as
`since`. The server reloads meanwhile, once with each number of workers. Its clients are to be
refused no connection, to have every id once, and to be without ticks for less than a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.fanout.generator import build
from bench.figures import print_figures
from bench.ingest.running import feeding, ingesting
from bench.processes import tickfire, wait_for_port, wait_for_url
from tickfire.base.ports import free_port

TOPIC: Final = "market:realtime"
STAMP: Final = '"ts_event":"'
BEFORE_S: Final = 3.0
AFTER_S: Final = 3.0
LIMIT_S: Final = 600.0


def measure(workers: int, clients: int, rate: float, drain_s: float | None) -> dict[str, float]:
    """Return the figures of one reload."""
    redis_port, port = free_port(), free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        control = str(folder / "control.sock")
        generator = build(folder)
        feed_port = stack.enter_context(feeding(rate))
        stack.enter_context(tickfire("redis", "--port", str(redis_port)))
        wait_for_port(redis_port)
        stack.enter_context(ingesting(feed_port, redis_url))
        options = ["--dev", "--port", str(port), "--workers", str(workers), "--control", control]
        if drain_s is not None:
            options += ["--drain-seconds", str(drain_s)]
        stack.enter_context(tickfire("serve", *options, REDIS_URL=redis_url))
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        swarm = subprocess.Popen(
            [
                *(str(generator), "--port", str(port), "--topic", TOPIC, "--stamp", STAMP),
                *("--n", str(clients), "--reconnect", f"survive:{LIMIT_S}"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(swarm.kill)
        assert swarm.stdout is not None
        swarm.stdout.readline()  # all have joined
        time.sleep(BEFORE_S)
        reload_s = _reload(control)
        time.sleep(AFTER_S)
        swarm.send_signal(signal.SIGTERM)
        figures: dict[str, Any] = json.loads(swarm.communicate()[0])
    return {
        "workers": workers,
        "clients": clients,
        "rate": rate,
        "reload_s": reload_s,
        "connected": figures["ready"],
        "reconnects": figures["reconnects"],
        "refused": figures["refused"],
        "skipped_ids": figures["skipped"],
        "repeated_ids": figures["repeated"],
        "errors": figures["errors"],
        "deliveries_per_s": round(figures["delivered"] / figures["seconds"]),
        "silence_p50_ms": figures["silence_p50_us"] / 1e3,
        "silence_p99_ms": figures["silence_p99_us"] / 1e3,
        "silence_max_ms": figures["silence_max_us"] / 1e3,
    }


def _reload(control: str) -> float:
    """Reload the server; return the time until the old workers have ended, in seconds."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "tickfire.server", "reload", "--control", control],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def main() -> int:
    """Measure a reload with each number of workers; return 1 if a client has lost anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, action="append", help="workers; 1 and 2 by default")
    parser.add_argument("--clients", type=int, default=2000, help="clients that stay connected")
    parser.add_argument("--rate", type=float, default=50, help="ticks per second")
    parser.add_argument(
        "--drain-seconds", type=float, help="as of `tickfire serve`, whose default is the default"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a reload")
    options = parser.parse_args()
    failed = False
    for workers in options.workers or (1, 2):
        figures = measure(workers, options.clients, options.rate, options.drain_seconds)
        print_figures(
            {name: round(value, 2) for name, value in figures.items()}, as_json=options.json
        )
        lost = figures["refused"] + figures["skipped_ids"] + figures["repeated_ids"]
        failed |= bool(lost) or figures["connected"] < options.clients
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
