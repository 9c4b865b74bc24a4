"""`Supervisor`, which keeps a set of processes running: the I/O around `policy`."""

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
from tickfire.server.logs.records import SOURCE_ATTRIBUTE, USER_ERROR_PREFIX
from tickfire.server.supervisor.child import Child
from tickfire.server.supervisor.plan import ChildSpec, Probe
from tickfire.server.supervisor.policy import Limits, RestartPolicy
from tickfire.server.supervisor.probes import ask

COMMAND: Final = (sys.executable, "-m", "tickfire.server")
PROBE_INTERVAL_S: Final = 0.05
STILL_WAITING_S: Final = 10.0
"""Interval between warnings about a process that is not ready yet."""
OTHERS_DEATH_S: Final = 0.5
"""Maximum time by which a death may be noticed before the death of another that caused it."""
USER_ERROR_CODES: Final = (1, 2)

logger = logging.getLogger(__name__)


class Supervisor:
    """Runner of a set of processes.

    It starts them in order, each once the one before it is ready, restarts those that die, and
    stops them in the reverse order.

    Parameters
    ----------
    specs : sequence of ChildSpec
        The processes, in the order in which they start.
    command : sequence of str
        The command to which the arguments of a spec are appended.
    limits : Limits, optional
        Limits of the restart policy of each process.

    Attributes
    ----------
    deaths : int
        Number of processes that have died, restarted ones included.
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
        """Run until `stop` is set; call `on_live` once all processes are ready.

        Raises
        ------
        UserError
            If a process rejects its input or dies too often. All processes have been stopped then.
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
        """Process ids of the running children, by name."""
        return {k.spec.name: k.child.pid for k in self._keepers if k.child is not None}

    async def start_child(self, spec: ChildSpec) -> Child:
        """Start a process and relay its output to the log under its name."""
        source = {SOURCE_ATTRIBUTE: spec.name}
        return await Child.start(
            spec.name, [*self._command, *spec.args], spec.env, lambda text: _relay(text, source)
        )


class _Keeper:
    """Loop that starts one process and restarts it when it dies."""

    def __init__(self, supervisor: Supervisor, spec: ChildSpec, policy: RestartPolicy) -> None:
        self.spec = spec
        self.ready = asyncio.Event()
        self.child: Child | None = None
        self._supervisor = supervisor
        self._policy = policy
        self._runs = 0

    async def keep(self) -> None:
        while True:
            started = time.monotonic()
            self._runs += 1
            self.child = await self._supervisor.start_child(self.spec)
            watching = asyncio.create_task(self._watch_ready(started))
            try:
                code = await self.child.wait()
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
            await self._after_death(self.child, code, started)

    async def _after_death(self, child: Child, code: int, started: float) -> None:
        self._supervisor.deaths += 1
        await self._raise_bad_input(child, code, started)
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

    async def _raise_bad_input(self, child: Child, code: int, started: float) -> None:
        """Raise the error that a process printed about its input: a restart would not help.

        This holds for the first run of a process that never became ready or, without a probe, ended
        early; otherwise its input was valid. It also requires that no other process has died,
        because the error may be a consequence of that death.
        """
        message = child.last_line.removeprefix(USER_ERROR_PREFIX)
        if self.spec.probe is None:
            early = time.monotonic() - started < self._policy.limits.lasting_s
        else:
            early = not self.ready.is_set()
        first = self._runs == 1 and self._supervisor.deaths == 1
        if code not in USER_ERROR_CODES or message == child.last_line or not (early and first):
            return
        await asyncio.sleep(OTHERS_DEATH_S)
        if self._supervisor.deaths == 1:
            raise UserError(message)

    async def _watch_ready(self, started: float) -> None:
        if self.spec.probe is not None:
            await _until_ready(self.spec.name, self.spec.probe)
        took = time.monotonic() - started
        if self._runs > 1:
            logger.info("%s is ready again (%.1f s)", self.spec.name, took)
        elif self.spec.probe is not None:
            logger.info("%s is ready (%.1f s)", self.spec.name, took)
        else:
            logger.info("%s has started", self.spec.name)
        self.ready.set()

    async def stop(self) -> None:
        if self.child is None:
            return
        began = time.monotonic()
        await self.child.stop()
        self.child = None
        logger.debug("%s stopped (%.1f s)", self.spec.name, time.monotonic() - began)


async def _until_ready(name: str, probe: Probe) -> None:
    warned_at = time.monotonic()
    while (answer := await ask(probe)) is not None:
        if time.monotonic() - warned_at >= STILL_WAITING_S:
            warned_at = time.monotonic()
            logger.warning("still waiting for %s: %s", name, answer)
        await asyncio.sleep(PROBE_INTERVAL_S)


def _relay(text: str, source: dict[str, str]) -> None:
    # Bypass the logger's level: the child has applied it already, and the lines of a traceback
    # carry none.
    logger.handle(logger.makeRecord(logger.name, logging.INFO, "", 0, text, (), None, extra=source))
