"""`Pool`: keeps the workers alive, and replaces them by new ones on SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from uvicorn.config import STARTUP_FAILURE

from tickfire.base.errors import UserError
from tickfire.base.process import describe_exit
from tickfire.base.run import on_signals
from tickfire.server.supervisor.policy import Limits, RestartPolicy
from tickfire.server.workers.fork import Template, TemplateLost, Worker
from tickfire.server.workers.server import STOP_PATIENCE_S
from tickfire.server.workers.template import Order

START_PATIENCE_S: Final = 120
"""Time that a worker may take to open its socket, in seconds."""
STUCK_S: Final = 30
"""Seconds without a sign of life of a worker's event loop after which it is killed."""
RESTARTS: Final = Limits(first_delay_s=0.1, max_delay_s=1.0, lasting_s=5.0, max_deaths=30)
KILL_AFTER_S: Final = STOP_PATIENCE_S + 3.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """A place in the pool, and the worker that has it."""

    worker: Worker | None = None
    policy: RestartPolicy = field(default_factory=lambda: RestartPolicy(RESTARTS))
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pool:
    """The workers of one port.

    Parameters
    ----------
    count : int
        Their number.
    order : Order
    on_open : callable
        Called once the first has opened its socket.
    """

    def __init__(self, count: int, order: Order, on_open: Callable[[], None]) -> None:
        self._places = [_Place() for _ in range(count)]
        self._order = order
        self._on_open = on_open
        self._template: Template | None = None
        self._templates: list[Template] = []
        self._starting = asyncio.Lock()
        self._rolling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run the workers until cancelled.

        Raises
        ------
        UserError, ExceptionGroup
            A worker cannot start, or dies too often.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                on_signals(lambda _: self._roll_in(tasks), (signal.SIGHUP,))
                for place in self._places:
                    tasks.create_task(self._keep(place))
                tasks.create_task(self._watch())
        finally:
            await self._stop()

    @property
    def workers(self) -> list[Worker]:
        """The workers, of which some may have ended and wait to be replaced."""
        return [place.worker for place in self._places if place.worker is not None]

    # --- deaths
    async def _keep(self, place: _Place) -> None:
        place.worker = await self._fork()
        while True:
            worker = place.worker
            if await worker.opens(START_PATIENCE_S):
                self._tell_open(worker)
            code = await worker.wait()
            async with place.changing:
                if place.worker is worker:  # and was not replaced meanwhile
                    await self._after_death(place, worker, code)
                    place.worker = await self._fork()

    async def _after_death(self, place: _Place, worker: Worker, code: int | None) -> None:
        if code == STARTUP_FAILURE and not worker.opened.is_set():
            raise UserError("a worker cannot start; the log has the reason.")
        now = time.monotonic()
        delay = place.policy.died(started=worker.started, now=now)
        why = "for an unknown reason" if code is None else describe_exit(code)
        if delay is None:
            raise UserError(
                f"a worker died {place.policy.deaths(now)} times within "
                f"{place.policy.limits.window_s:g} s ({why}); giving up."
            )
        logger.warning("worker %d died (%s); starting another in %g s", worker.pid, why, delay)
        await asyncio.sleep(delay)

    async def _fork(self) -> Worker:
        """Fork a worker, from a new template if the last one has ended."""
        while True:
            template = await self._living_template()
            try:
                return await template.fork()
            except TemplateLost:
                if not template.has_forked:
                    raise UserError("no worker can start; the log has the reason.") from None

    async def _living_template(self) -> Template:
        async with self._starting:
            if self._template is not None and self._template.is_lost:
                logger.warning("the template of the workers has ended; starting another")
                await self._discard(self._template)
                self._template = None
            if self._template is None:
                self._template = await self._new_template()
            return self._template

    async def _new_template(self) -> Template:
        template = await Template.start(self._order)
        self._templates.append(template)
        return template

    async def _discard(self, template: Template) -> None:
        self._templates.remove(template)
        await template.close()

    def _tell_open(self, worker: Worker) -> None:
        took = time.monotonic() - worker.started
        logger.info("worker %d is open (%.1f s)", worker.pid, took)
        on_open, self._on_open = self._on_open, lambda: None
        on_open()

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

    # --- replacement
    def _roll_in(self, tasks: asyncio.TaskGroup) -> None:
        if self._rolling is not None and not self._rolling.done():
            logger.warning("SIGHUP: the workers are being replaced already")
            return
        logger.info("SIGHUP: replacing the workers")
        self._rolling = tasks.create_task(self._roll())

    async def _roll(self) -> None:
        """Replace the template, and each worker once a new one has opened its socket."""
        unused: Template | None
        unused = template = await self._new_template()
        if await self._replace_workers(template):
            async with self._starting:
                unused, self._template = self._template, template
            logger.info("the workers are replaced")
        if unused is not None:
            await self._discard(unused)

    async def _replace_workers(self, template: Template) -> bool:
        for place in self._places:
            try:
                worker = await template.fork()
            except TemplateLost:
                logger.error("no new worker can start; keeping the others")
                return False
            if not await worker.opens(START_PATIENCE_S):
                logger.error("a new worker does not open its socket; keeping the others")
                worker.send(signal.SIGKILL)
                return False
            async with place.changing:
                before, place.worker = place.worker, worker
            if before is not None:
                await _end([before])
        return True

    # --- end
    async def _stop(self) -> None:
        await _end(self.workers)
        for template in self._templates:
            await template.close()


async def _end(workers: list[Worker]) -> None:
    """Stop workers in order, and kill those that do not."""
    for worker in workers:
        worker.send(signal.SIGTERM)
    waiting = [worker.ended for worker in workers]
    if waiting:
        await asyncio.wait(waiting, timeout=KILL_AFTER_S)
    for worker in workers:
        worker.send(signal.SIGKILL)
