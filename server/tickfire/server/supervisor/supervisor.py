"""Keeps a set of processes running: the edge around `policy`, `child` and `probes`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from tickfire.base.errors import UserError
from tickfire.base.process import describe_exit
from tickfire.server.logs import SOURCE_ATTRIBUTE
from tickfire.server.supervisor.child import Child
from tickfire.server.supervisor.plan import ChildSpec, Probe
from tickfire.server.supervisor.policy import Limits, RestartPolicy
from tickfire.server.supervisor.probes import ask

COMMAND: Final = (sys.executable, "-m", "tickfire.server")
PROBE_INTERVAL_S: Final = 0.05
STILL_WAITING_S: Final = 10.0
"""How often a process that is not ready yet is spoken of."""
OTHERS_DEATH_S: Final = 0.5
"""A process that ends because another did may be seen to do so first, by this much."""
USER_ERROR_CODES: Final = (1, 2)
USER_ERROR_PREFIX: Final = "tickfire: "

logger = logging.getLogger(__name__)


class Supervisor:
    """Starts processes in order, restarts what dies, stops them in the reverse order.

    Parameters
    ----------
    specs : sequence of ChildSpec
        What runs, in the order of the start.
    command : sequence of str
        What precedes a spec's arguments.
    limits : Limits, optional
        When to restart, when to give up.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        *,
        command: Sequence[str] = COMMAND,
        limits: Limits | None = None,
    ) -> None:
        self._command = tuple(command)
        self._keepers = [_Keeper(self, spec, RestartPolicy(limits)) for spec in specs]
        self.deaths = 0

    async def run(self, stop: asyncio.Event, on_live: Callable[[], None]) -> None:
        """Run until `stop` is set; `on_live` is called once, when all are ready.

        Raises
        ------
        UserError
            A process could not start, or died too often. Nothing is left running then.
        """
        stopping = asyncio.create_task(stop.wait())
        running = asyncio.create_task(self._run(on_live))
        try:
            await asyncio.wait((stopping, running), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)
            await self._stop_all()

    async def _run(self, on_live: Callable[[], None]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for keeper in self._keepers:
                    group.create_task(keeper.keep())
                    await keeper.ready.wait()
                on_live()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _stop_all(self) -> None:
        for keeper in reversed(self._keepers):
            await keeper.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the children that run now, by name."""
        return {k.spec.name: k.child.pid for k in self._keepers if k.child is not None}

    async def start_child(self, spec: ChildSpec) -> Child:
        """Start one run of a process."""
        source = {SOURCE_ATTRIBUTE: spec.name}
        return await Child.start(
            spec.name, [*self._command, *spec.args], spec.env, lambda text: _relay(text, source)
        )


class _Keeper:
    """Keeps one process running."""

    def __init__(self, house: Supervisor, spec: ChildSpec, policy: RestartPolicy) -> None:
        self.spec = spec
        self.ready = asyncio.Event()
        self.child: Child | None = None
        self._house = house
        self._policy = policy
        self._runs = 0

    async def keep(self) -> None:
        while True:
            started = time.monotonic()
            self._runs += 1
            self.child = await self._house.start_child(self.spec)
            watching = asyncio.create_task(self._watch_ready(started))
            try:
                code = await self.child.wait()
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
            await self._after_death(self.child, code, started)

    async def _after_death(self, child: Child, code: int, started: float) -> None:
        self._house.deaths += 1
        await self._refuse_bad_input(child, code, started)
        self.child = None
        now = time.monotonic()
        delay = self._policy.died(started=started, now=now)
        why = describe_exit(code) + (f", last line: {child.last_line}" if code > 0 else "")
        if delay is None:
            raise UserError(
                f"{self.spec.name} died {self._policy.deaths(now)} times within "
                f"{self._policy.limits.window_s:g} s ({why}); giving up."
            )
        logger.warning("%s died (%s); starting it again in %g s", self.spec.name, why, delay)
        await asyncio.sleep(delay)

    async def _refuse_bad_input(self, child: Child, code: int, started: float) -> None:
        """Raise what a process said of the user's input at its first start: trying again is vain.

        Not of one that was ready, or lasted where nothing tells: the input was good enough then.
        Only if no other process died: then it may be a consequence of that.
        """
        said = child.last_line.removeprefix(USER_ERROR_PREFIX)
        if self.spec.probe is None:
            early = time.monotonic() - started < self._policy.limits.lasting_s
        else:
            early = not self.ready.is_set()
        first = self._runs == 1 and self._house.deaths == 1
        if code not in USER_ERROR_CODES or said == child.last_line or not (early and first):
            return
        await asyncio.sleep(OTHERS_DEATH_S)
        if self._house.deaths == 1:
            raise UserError(said)

    async def _watch_ready(self, started: float) -> None:
        if self.spec.probe is not None:
            await _until_ready(self.spec.name, self.spec.probe)
        took = time.monotonic() - started
        if self._runs > 1:
            logger.info("%s is back, %.1f s after its start", self.spec.name, took)
        elif self.spec.probe is not None:
            logger.info("%s is ready (%.1f s)", self.spec.name, took)
        else:
            logger.info("%s is started", self.spec.name)
        self.ready.set()

    async def stop(self) -> None:
        if self.child is None:
            return
        began = time.monotonic()
        await self.child.stop()
        self.child = None
        logger.debug("%s stopped (%.1f s)", self.spec.name, time.monotonic() - began)


async def _until_ready(name: str, probe: Probe) -> None:
    spoken = time.monotonic()
    while (answer := await ask(probe)) is not None:
        if time.monotonic() - spoken >= STILL_WAITING_S:
            spoken = time.monotonic()
            logger.warning("still waiting for %s: %s", name, answer)
        await asyncio.sleep(PROBE_INTERVAL_S)


def _relay(text: str, source: dict[str, str]) -> None:
    # Past the level: the child applied it already, and what carries no level is a traceback.
    logger.handle(logger.makeRecord(logger.name, logging.INFO, "", 0, text, (), None, extra=source))
