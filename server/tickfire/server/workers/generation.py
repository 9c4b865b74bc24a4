"""`Generation`: the workers that one version of the code runs, each replaced when it dies."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from uvicorn.config import STARTUP_FAILURE

from tickfire.base.errors import UserError
from tickfire.base.process import describe_exit
from tickfire.server.supervisor.policy import Limits, RestartPolicy
from tickfire.server.workers.fork import Template, TemplateLost
from tickfire.server.workers.forked import Worker
from tickfire.server.workers.stopping import STOP_PATIENCE_S
from tickfire.server.workers.wire import Order

START_PATIENCE_S: Final = 120
"""Time that a worker may take to open its socket, in seconds."""
STUCK_S: Final = 30
"""Seconds without a sign of life of a worker's event loop after which it is killed."""
RESTARTS: Final = Limits(first_delay_s=0.1, max_delay_s=1.0, lasting_s=5.0, max_deaths=30)
KILL_AFTER_S: Final = STOP_PATIENCE_S + 3.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """A place in the generation, and the worker that has it."""

    number: int
    worker: Worker | None = None
    has_opened: bool = False
    policy: RestartPolicy = field(default_factory=lambda: RestartPolicy(RESTARTS))


class Generation:
    """Workers of one template, or of templates alike if one is lost.

    Parameters
    ----------
    count : int
        Number of workers.
    order : Order
    on_open : callable
        Called with each worker that has opened its socket.
    on_fork : callable
        Called with each worker that was forked.
    must_be_ready : bool
        True if the first worker that cannot start, or is not ready in time, is an error.

    Attributes
    ----------
    opened : asyncio.Event
        Set once all workers have opened their sockets.
    """

    def __init__(
        self,
        count: int,
        order: Order,
        on_open: Callable[[Worker], None],
        on_fork: Callable[[Worker], None] = lambda worker: None,
        *,
        must_be_ready: bool = False,
    ) -> None:
        self.opened = asyncio.Event()
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._order = order
        self._on_open, self._on_fork = on_open, on_fork
        self._must_be_ready = must_be_ready
        self._template: Template | None = None
        self._starting = asyncio.Lock()
        self._retired = asyncio.Event()

    @property
    def workers(self) -> list[Worker]:
        """The workers, of which some may have ended and wait to be replaced."""
        return [place.worker for place in self._places if place.worker is not None]

    async def run(self) -> None:
        """Keep the workers alive until the generation is retired.

        Raises
        ------
        ExceptionGroup of UserError
            A worker cannot start, or dies too often.
        """
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._keep(place)) for place in self._places]
            running.append(tasks.create_task(self._watch()))
            await self._retired.wait()
            for task in running:
                task.cancel()

    def retire(self) -> None:
        """Replace no more workers."""
        self._retired.set()

    def leave(self) -> None:
        """Let the workers tell load balancers that the server is about to stop."""
        for worker in self.workers:
            worker.leave()

    async def end(
        self, drain_s: float, on_closing: Callable[[int], None] = lambda connections: None
    ) -> None:
        """Stop the workers in order, and kill those that do not.

        Parameters
        ----------
        drain_s : float
            Time over which they close their connections, in seconds.
        on_closing : callable
            Called with the number of connections once they have begun to close them.
        """
        self.retire()
        workers = self.workers
        for worker in workers:
            worker.send(signal.SIGTERM)
        deadline = time.monotonic() + drain_s + KILL_AFTER_S
        await _until_all((worker.closing.wait() for worker in workers), deadline)
        on_closing(sum(worker.connections for worker in workers))
        await _until_all((worker.wait() for worker in workers), deadline)
        for worker in workers:
            worker.send(signal.SIGKILL)
        if self._template is not None:
            await self._template.close()

    # --- deaths
    async def _keep(self, place: _Place) -> None:
        while True:
            place.worker = worker = await self._fork(place)
            self._on_fork(worker)
            if await worker.opens(START_PATIENCE_S):
                self._note_open(place, worker)
            await self._after_death(place, worker, await worker.wait())

    def _note_open(self, place: _Place, worker: Worker) -> None:
        place.has_opened = True
        if all(one.has_opened for one in self._places):
            self.opened.set()
        logger.info("worker %d is open (%.1f s)", worker.pid, time.monotonic() - worker.started)
        self._on_open(worker)

    async def _after_death(self, place: _Place, worker: Worker, code: int | None) -> None:
        why = "for an unknown reason" if code is None else describe_exit(code)
        if not worker.opened.is_set() and (code == STARTUP_FAILURE or self._is_on_trial):
            raise UserError(
                f"a worker cannot start: {worker.failure or f'{why}; the log may have the reason'}"
            )
        now = time.monotonic()
        delay = place.policy.died(started=worker.started, now=now)
        if delay is None:
            raise UserError(
                f"a worker died {place.policy.deaths(now)} times within "
                f"{place.policy.limits.window_s:g} s ({why}); giving up."
            )
        logger.warning("worker %d died (%s); starting another in %g s", worker.pid, why, delay)
        await asyncio.sleep(delay)

    @property
    def _is_on_trial(self) -> bool:
        return self._must_be_ready and not self.opened.is_set()

    async def _fork(self, place: _Place) -> Worker:
        """Fork a worker, from a new template if the last one has ended."""
        while True:
            template = await self._living_template()
            try:
                return await template.fork(place.number, ready=self._is_on_trial)
            except TemplateLost:
                if not template.has_forked:
                    why = template.failure or "the log has the reason"
                    raise UserError(f"no worker can start: {why}") from None

    async def _living_template(self) -> Template:
        async with self._starting:
            if self._template is not None and self._template.is_lost and self._template.has_forked:
                logger.warning("the template of the workers has ended; starting another")
                await self._template.close()
                self._template = None
            if self._template is None:
                self._template = await Template.start(self._order)
            return self._template

    async def _watch(self) -> None:
        """Kill workers whose event loop is stuck, and replace a template that has ended.

        The seconds are those in which this process runs, so that a machine that was suspended
        makes no worker seem stuck.
        """
        while True:
            await asyncio.sleep(1)
            if self._template is not None and self._template.is_lost:
                await self._living_template()
            for worker in self.workers:
                worker.silent_s += 1
                patience = STUCK_S if worker.opened.is_set() else START_PATIENCE_S
                if worker.silent_s == patience:
                    logger.error("worker %d is stuck for %d s; killing it", worker.pid, patience)
                    worker.send(signal.SIGKILL)


async def _until_all(ends: Iterable[Coroutine[Any, Any, object]], deadline: float) -> None:
    """Wait until all coroutines have returned, or the deadline."""
    tasks = [asyncio.ensure_future(one) for one in ends]
    if tasks:
        _, waiting = await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
        for task in waiting:
            task.cancel()
