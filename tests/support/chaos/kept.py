"""A `tickfire` process that is started again whenever it ends, as by a supervisor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.support.logged import Logged, logged

RESTART_S: Final = 0.2


class Kept:
    """A process, its successors and what they have logged.

    Attributes
    ----------
    name : str
    starts : int
    """

    def __init__(self, name: str, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.name = name
        self.starts = 0
        self._arguments, self._environment = arguments, environment
        self._past: list[str] = []
        self._running: Logged | None = None

    @property
    def log(self) -> list[str]:
        """The lines of all runs."""
        return [*self._past, *(self._running.log if self._running else ())]

    @property
    def pid(self) -> int | None:
        """The process id, None between two runs."""
        process = None if self._running is None else self._running.process
        return process.pid if process is not None and process.returncode is None else None

    def last_said(self, *words: str) -> str | None:
        """Return which of some words the present run has logged last, None if it has none."""
        for line in reversed(self._running.log if self._running else ()):
            for word in words:
                if word in line:
                    return word
        return None

    async def keep(self) -> None:
        """Run it for ever."""
        while True:
            async with logged(*self._arguments, **self._environment) as running:
                self.starts += 1
                self._running = running
                try:
                    await running.process.wait()
                finally:
                    self._past, self._running = self.log, None
            await asyncio.sleep(RESTART_S)


@asynccontextmanager
async def keeping(*processes: Kept) -> AsyncIterator[None]:
    """Run processes; they are killed in the end."""
    tasks = [asyncio.create_task(process.keep()) for process in processes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
