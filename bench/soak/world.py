"""The processes of a soak, and the samples of their resources."""

from __future__ import annotations

import contextlib
import math
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from bench.ingest.running import feeding, ingesting
from bench.processes import tickfire, wait_for_port, wait_for_url
from bench.scrape import scrape
from bench.soak.trend import Sample, sample_process
from tests.support.processes import descendants
from tickfire.base.ports import free_port

HISTORY_S: Final = 120
"""Time for which the streams keep ticks, so that they are full after the warm-up."""
LEAST_HISTORY: Final = 1_000
HISTORY_BARS: Final = 10_000
PAST_S: Final = 5_400
"""Seconds of the past with which the feed begins, so that the series of candles are full, too."""


@dataclass
class World:
    """Running processes.

    Attributes
    ----------
    port : int
        That of the server.
    redis_url : str
    processes : dict of str to Popen
    metrics : dict of str to int
        Ports that serve metrics, by process.
    samples : dict of str to list of (float, Sample)
        The samples of each process and of its children, and the minute of each.
    """

    port: int
    redis_url: str
    processes: dict[str, subprocess.Popen[bytes]]
    metrics: dict[str, int]
    samples: dict[str, list[tuple[float, Sample]]] = field(default_factory=dict)

    def sample(self, minute: float) -> str:
        """Sample each process; return a line about them."""
        taken = {}
        for name, process in self.processes.items():
            if process.poll() is None:
                taken[name] = sample_process(process.pid, tasks_at(self.metrics.get(name)))
                for number, pid in enumerate(descendants(process.pid), 1):
                    with contextlib.suppress(OSError):  # it has ended
                        taken[f"{name}.{number}"] = sample_process(pid)
        for name, sample in taken.items():
            self.samples.setdefault(name, []).append((minute, sample))
        return " | ".join(f"{name} {sample}" for name, sample in taken.items())

    def ended(self) -> list[str]:
        """Return the processes that have ended."""
        return [name for name, process in self.processes.items() if process.poll() is not None]


def tasks_at(port: int | None) -> float:
    """Return the number of tasks in the metrics at a port, or nan."""
    if port is None:
        return math.nan
    try:
        samples = scrape(port)
    except OSError:
        return math.nan
    counts = (one.value for one in samples if one.name.endswith("_asyncio_tasks"))
    return max(counts, default=math.nan)


@contextlib.contextmanager
def running(rate: float, log: IO[str]) -> Iterator[World]:
    """Run a feed of so many ticks a second, Redis, ingest, infer and a server that wants keys."""
    redis_port, port, ingest_metrics = free_port(), free_port(), free_port()
    url = f"redis://127.0.0.1:{redis_port}/0"
    history = str(max(LEAST_HISTORY, round(rate * HISTORY_S)))
    kept = ("--history-ticks", history, "--history-bars", str(HISTORY_BARS))
    with contextlib.ExitStack() as stack:
        feed_port = stack.enter_context(feeding(rate, past_s=PAST_S))
        redis = stack.enter_context(tickfire("redis", "--port", str(redis_port), log=log))
        wait_for_port(redis_port)
        metrics = ("--metrics-port", str(ingest_metrics))
        ingest = stack.enter_context(ingesting(feed_port, url, *kept, *metrics))
        infer = stack.enter_context(tickfire("infer", log=log, REDIS_URL=url))
        serve = stack.enter_context(
            tickfire("serve", "--keys", "--port", str(port), log=log, REDIS_URL=url)
        )
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        processes = {"redis": redis, "ingest": ingest, "infer": infer, "serve": serve}
        yield World(port, url, processes, {"ingest": ingest_metrics, "serve": port})
