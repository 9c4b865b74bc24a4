"""`ScrapeCollector`: the metrics of all workers, as the command collects them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Final, Protocol

from prometheus_client import Metric
from prometheus_client.registry import Collector

from tickfire.base.exposition import process_registry
from tickfire.server.scrapes.snapshot import PROCESS_RULES, Family, snapshot
from tickfire.server.scrapes.totals import Totals

COLLECT_S: Final = 1.0
"""Time for workers to send their metrics; of one that is late, the newest are taken, in seconds."""
THREAD_S: Final = 5.0
COMMAND: Final = "command"
"""Name of the command's own process beside the workers."""


class Scraped(Protocol):
    """A worker whose metrics are collected.

    Attributes
    ----------
    number : int
    families : list of Family or None
        The newest that it has sent.
    """

    number: int
    families: list[Family] | None

    def refresh(self) -> Awaitable[object]:
        """Ask for newer ones, and wait until they are there or the worker has ended."""


class ScrapeCollector:
    """Metrics of the command and its workers, of which those that have ended are counted still."""

    def __init__(self) -> None:
        self.registry = process_registry()
        self._workers: list[Scraped] = []
        self._totals = Totals()

    def add(self, worker: Scraped) -> None:
        """Collect the metrics of a worker."""
        self._workers.append(worker)

    def remove(self, worker: Scraped) -> None:
        """Keep the counters of a worker that has ended."""
        self._workers.remove(worker)
        self._totals.retire(str(worker.number), worker.families or ())

    async def metrics(self) -> list[Metric]:
        """Return the metrics of now."""
        waits = [asyncio.ensure_future(worker.refresh()) for worker in self._workers]
        if waits:
            _, late = await asyncio.wait(waits, timeout=COLLECT_S)
            for task in late:
                task.cancel()
        return self._totals.metrics(
            [
                (COMMAND, snapshot(self.registry, PROCESS_RULES)),
                *((str(worker.number), worker.families or ()) for worker in self._workers),
            ]
        )


class FromThread(Collector):
    """A `ScrapeCollector` as a thread collects it, for a registry that is served on a port.

    Parameters
    ----------
    collector : ScrapeCollector
    loop : asyncio.AbstractEventLoop
        The loop in which the collector lives.
    """

    def __init__(self, collector: ScrapeCollector, loop: asyncio.AbstractEventLoop) -> None:
        self._collector, self._loop = collector, loop

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of now."""
        found = asyncio.run_coroutine_threadsafe(self._collector.metrics(), self._loop)
        yield from found.result(THREAD_S)

    def describe(self) -> list[Metric]:
        """Return nothing: the names are those of the workers."""
        return []
