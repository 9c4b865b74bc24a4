"""`Pool`: the workers of one port, which a new generation can replace."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from tickfire.base.service_manager import READY, notify, reloading
from tickfire.server.scrapes.collector import ScrapeCollector
from tickfire.server.workers.forked import Worker
from tickfire.server.workers.generation import START_PATIENCE_S, Generation
from tickfire.server.workers.metrics import WorkerMetrics
from tickfire.server.workers.stopping import DEFAULT_DRAIN_S
from tickfire.server.workers.wire import Order

logger = logging.getLogger(__name__)

type Tell = Callable[[str], None]
"""Function that is told the progress, in sentences without a full stop."""


def _tell_nobody(text: str) -> None:
    pass


class ReloadError(Exception):
    """Raised when the workers cannot be replaced, with the reason; the old ones go on."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """Times of the end.

    Attributes
    ----------
    drain_s : float
        Time over which connections are closed, in seconds.
    leave_s : float
        Time before that in which ``/readyz`` answers 503 already, in seconds.
    """

    drain_s: float = DEFAULT_DRAIN_S
    leave_s: float = 0.0


class Pool:
    """The workers of one port.

    Parameters
    ----------
    count : int
        Their number.
    order : Order
    on_open : callable
        Called once the first has opened its socket.
    stopping : Stopping, optional

    Attributes
    ----------
    scrapes : ScrapeCollector
        The metrics of the workers.
    """

    def __init__(
        self,
        count: int,
        order: Order,
        on_open: Callable[[], None],
        stopping: Stopping | None = None,
    ) -> None:
        self._count = count
        self._order = order
        self._on_open = on_open
        self._stopping = stopping or Stopping()
        self.scrapes = ScrapeCollector()
        self._watch = WorkerMetrics(self.scrapes)
        self._current = self._generation(_tell_nobody)
        self._draining: Generation | None = None
        self._running: asyncio.Task[None] | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._ended = asyncio.Event()
        self._leave_s = self._stopping.leave_s
        self._tell: Tell = _tell_nobody

    @property
    def workers(self) -> list[Worker]:
        """The workers, of which some may have ended and wait to be replaced."""
        return self._current.workers

    async def run(self) -> None:
        """Run the workers until cancelled, or until drained.

        Raises
        ------
        ExceptionGroup of UserError
            A worker cannot start, or dies too often.
        """
        self._running = asyncio.create_task(self._current.run())
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            while not leaving.done():
                running = self._running
                await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()  # raises, unless a new generation has taken over
        finally:
            leaving.cancel()
            await self._stop()
            self._ended.set()

    # --- replacement
    async def reload(self, tell: Tell = _tell_nobody) -> None:
        """Start workers with the code that is installed now, and let them take over once ready.

        Raises
        ------
        ReloadError
            They do not become ready, or cannot be started now.
        """
        if self._reloading is not None:
            raise ReloadError("the workers are being replaced already")
        if not self._current.opened.is_set():
            raise ReloadError("the first workers are starting still")
        if self._leaving.is_set():
            raise ReloadError("the server is about to stop")
        self._reloading = asyncio.create_task(self._replace(tell))
        notify(reloading())
        try:
            await asyncio.shield(self._reloading)
            self._watch.reloads.labels("ok").inc()
        except ReloadError:
            self._watch.reloads.labels("failed").inc()
            raise
        finally:
            notify(READY)
            if self._reloading.done():
                self._reloading = None

    async def _replace(self, tell: Tell) -> None:
        begun = time.monotonic()
        _report(tell, f"starting {_counted(self._count, 'new worker')}")
        new = self._generation(tell, must_be_ready=True)
        running = asyncio.create_task(new.run())
        try:
            await self._prove(new, running)
        except BaseException:
            running.cancel()
            await asyncio.wait((running,))
            await self._end(new, _tell_nobody)
            raise
        self._draining, self._current, self._running = self._current, new, running
        _report(tell, f"the new workers have taken over after {time.monotonic() - begun:.1f} s")
        await self._end(self._draining, tell)
        self._draining = None
        _report(tell, f"the workers are replaced; it took {time.monotonic() - begun:.1f} s")

    async def _prove(self, new: Generation, running: asyncio.Task[None]) -> None:
        """Wait until all workers are open."""
        opening = asyncio.create_task(new.opened.wait())
        try:
            await asyncio.wait(
                (running, opening),
                timeout=START_PATIENCE_S + self._order.ready_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if running.done():
                running.result()
        except ExceptionGroup as group:
            raise ReloadError(str(_first(group))) from group
        finally:
            opening.cancel()
        if not new.opened.is_set():
            raise ReloadError("the new workers do not open their sockets")

    def _generation(self, tell: Tell, *, must_be_ready: bool = False) -> Generation:
        def on_open(worker: Worker) -> None:
            first, self._on_open = self._on_open, lambda: None
            first()
            tell(f"worker {worker.pid} is ready")

        return Generation(
            self._count, self._order, on_open, self._watch.add, must_be_ready=must_be_ready
        )

    # --- end
    async def drain(self, tell: Tell = _tell_nobody, leave_s: float | None = None) -> None:
        """Let `run` end, and wait until it has.

        Parameters
        ----------
        tell : callable, optional
        leave_s : float, optional
            Overrides `Stopping.leave_s`.
        """
        self._tell = tell
        if leave_s is not None:
            self._leave_s = leave_s
        self._leaving.set()
        await self._ended.wait()

    async def _stop(self) -> None:
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.wait((self._reloading,))
        await self._say_good_bye()
        generations = [one for one in (self._draining, self._current) if one is not None]
        await asyncio.gather(*(self._end(one, self._tell) for one in generations))
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    async def _end(self, generation: Generation, tell: Tell) -> None:
        seconds = self._stopping.drain_s

        def on_closing(count: int) -> None:
            if count:
                _report(tell, f"closing {_counted(count, 'connection')} within {seconds:g} s")

        await generation.end(seconds, on_closing)

    async def _say_good_bye(self) -> None:
        """Be unready for some time, unless no worker is there to tell."""
        alive = [worker for worker in self.workers if not worker.ended.done()]
        if self._leave_s and alive:
            self._current.leave()
            _report(self._tell, f"/readyz answers 503; stopping in {self._leave_s:g} s")
            await asyncio.sleep(self._leave_s)


def _report(tell: Tell, text: str) -> None:
    logger.info("%s", text)
    tell(text)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _first(group: ExceptionGroup) -> Exception:
    found: Exception = group
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return found
