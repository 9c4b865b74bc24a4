"""`WorkerMetrics`: what the command counts of its workers, and its answers to their scrapes."""

from __future__ import annotations

import asyncio

from prometheus_client import Counter, Gauge

from tickfire.server.scrapes.collector import ScrapeCollector
from tickfire.server.scrapes.totals import render
from tickfire.server.workers.forked import Worker


class WorkerMetrics:
    """Metrics of the workers as a whole.

    Parameters
    ----------
    scrapes : ScrapeCollector
        Gets the metrics, and each worker.

    Attributes
    ----------
    reloads : Counter, by ``result``
        Replacements of the workers.
    """

    def __init__(self, scrapes: ScrapeCollector) -> None:
        self._scrapes = scrapes
        self._open = Gauge(
            "tickfire_workers",
            "Workers that have opened their sockets and have not ended.",
            registry=scrapes.registry,
        )
        self._open.set_function(self._count_open)
        self._deaths = Counter(
            "tickfire_worker_deaths",
            "Workers that ended by an error or a signal.",
            registry=scrapes.registry,
        )
        self.reloads = Counter(
            "tickfire_reloads",
            "Replacements of all workers, by result.",
            ["result"],
            registry=scrapes.registry,
        )
        for result in ("ok", "failed"):
            self.reloads.labels(result)
        self._workers = set[Worker]()
        self._answering = set[asyncio.Task[None]]()

    def add(self, worker: Worker) -> None:
        """Collect the metrics of a worker until it has ended, and answer its scrapes."""
        self._workers.add(worker)
        self._scrapes.add(worker)
        worker.on_scrape = lambda number: self._answer_later(worker, number)
        worker.ended.add_done_callback(lambda ended: self._remove(worker, ended.result()))

    def _remove(self, worker: Worker, code: int | None) -> None:
        self._workers.discard(worker)
        self._scrapes.remove(worker)
        if code != 0:
            self._deaths.inc()

    def _count_open(self) -> int:
        return sum(worker.opened.is_set() for worker in self._workers)

    def _answer_later(self, worker: Worker, number: int) -> None:
        task = asyncio.create_task(self._answer(worker, number))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, worker: Worker, number: int) -> None:
        text = render(await self._scrapes.metrics())
        if not worker.ended.done():
            worker.answer(number, text)
