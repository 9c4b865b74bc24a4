"""`python -m bench.fanout.resume`: a herd of clients that resume at once, beside live ones.

The benchmark's feed is streamed at a steady rate. After a while, clients join `market:realtime` at
the same time, each with the `since` of an id of that while ago, as after a restart of the server.
Other clients have been live all the time: their latency, from the feed's stamp to their socket, is
measured before and during the herd, and so is the time that `/healthz` takes. The ids that each
client of the herd receives are checked to follow one another. The herd gives way to everything else
on the machine, as it would be on machines of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Final

from bench.background import Background
from bench.fanout.generator import build, lines_of
from bench.figures import print_figures
from bench.ingest.running import feeding, ingesting
from bench.processes import GIVES_WAY, tickfire, wait_for_port, wait_for_url, worker_pid
from bench.scrape import late_times, scrape
from tickfire.base.ports import free_port

TOPIC: Final = "market:realtime"
STAMP: Final = '"ts_event":"'
BASELINE_S: Final = 5.0
LIMIT_S: Final = 60.0
PROBE_S: Final = 0.05
LATE_S: Final = 0.02
"""Lateness of the server's event loop that is counted; a boundary of its histogram."""


class Probe(Background):
    """A thread that requests a URL again and again, and keeps the times that it took."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.times_s: list[float] = []

    def work(self) -> None:
        """Request the URL until told to end."""
        while not self.ended.wait(PROBE_S):
            began = time.perf_counter()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self._url, timeout=LIMIT_S).close()
            self.times_s.append(time.perf_counter() - began)


def measure(clients: int, live: int, rate: float, back_s: float, ids: int) -> dict[str, float]:
    """Return the figures of one herd."""
    redis_port, port = free_port(), free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        generator = build(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        feed_port = stack.enter_context(feeding(rate))
        stack.enter_context(tickfire("redis", "--port", str(redis_port)))
        wait_for_port(redis_port)
        stack.enter_context(ingesting(feed_port, redis_url))
        server = stack.enter_context(
            tickfire("serve", "--dev", "--port", str(port), REDIS_URL=redis_url)
        )
        url = f"http://127.0.0.1:{port}"
        wait_for_url(f"{url}/readyz")
        swarm = [str(generator), "--port", str(port), "--topic", TOPIC]
        swarm += ["--pid", str(worker_pid(server))]
        swarm += ["--stamp", STAMP]
        time.sleep(1.0)
        since = [_newest_id(url, wait_s) for wait_s in (0.0, *[0.5] * (ids - 1))]
        watching = [*swarm, "--n", str(live)]
        time.sleep(max(0.0, back_s - BASELINE_S - 1))
        (_, before) = lines_of([*watching, f"watch:{BASELINE_S}"])
        watcher = subprocess.Popen(
            [*watching, f"watch:{LIMIT_S}"], stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.5)
        joins = [text for id_ in since for text in ("--join", json.dumps({"since": id_}))]
        herd = ["nice", f"-n{GIVES_WAY}", *swarm, "--n", str(clients)]
        herd += ["--concurrency", str(clients), "--follow-ids", *joins]
        late = late_times(scrape(port), LATE_S)
        with Probe(f"{url}/healthz") as probe:
            (connect, caught_up) = lines_of([*herd, f"live:{LIMIT_S}"])
        late = late_times(scrape(port), LATE_S) - late
        watcher.send_signal(signal.SIGTERM)
        output, _ = watcher.communicate()
        during = json.loads(output.splitlines()[1])
    return {
        "clients": clients,
        "joined": connect["ready"],
        "all_joined_s": connect["seconds"],
        "live": caught_up["live"],
        "all_live_s": caught_up["seconds"],
        "mb_per_s": caught_up["bytes_per_s"] / 1e6,
        "deliveries_per_s": round(caught_up["delivered"] / caught_up["seconds"]),
        "skipped_ids": caught_up["skipped"],
        "repeated_ids": caught_up["repeated"],
        "server_cpu_s": caught_up["server_cpu_s"],
        "server_rss_mb": caught_up["rss_kb"] / 1024,
        "live_p50_before_ms": before["p50_us"] / 1e3,
        "live_p50_during_ms": during["p50_us"] / 1e3,
        "live_p99_before_ms": before["p99_us"] / 1e3,
        "live_p99_during_ms": during["p99_us"] / 1e3,
        "live_max_during_ms": during["max_us"] / 1e3,
        f"loop_late_over_{LATE_S * 1e3:g}_ms": late,
        "healthz_p50_ms": statistics.median(probe.times_s or [0.0]) * 1e3,
        "healthz_max_ms": max(probe.times_s, default=0.0) * 1e3,
    }


def _newest_id(url: str, wait_s: float) -> str:
    time.sleep(wait_s)
    with urllib.request.urlopen(f"{url}/readyz") as response:
        return str(json.load(response)["at"])


def main() -> None:
    """Measure one herd and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500, help="clients that resume")
    parser.add_argument("--live", type=int, default=20, help="clients that are live")
    parser.add_argument("--rate", type=float, default=1000, help="ticks per second")
    parser.add_argument("--back", type=float, default=20, help="age of the ids, in seconds")
    parser.add_argument("--ids", type=int, default=1, help="different ids, half a second apart")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(options.clients, options.live, options.rate, options.back, options.ids)
    print_figures({name: round(value, 2) for name, value in figures.items()}, as_json=options.json)


if __name__ == "__main__":
    main()
