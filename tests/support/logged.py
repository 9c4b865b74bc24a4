"""A ``tickfire`` command as a child process, and the lines that it logs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.cli import OURS, TICKFIRE
from tests.support.eventually import TIMEOUT_S, eventually


class Logged:
    """A running command, and the lines that it has logged."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.log: list[str] = []

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode())

    def count(self, words: str) -> int:
        return sum(words in line for line in self.log)

    async def said(self, words: str, times: int = 1, timeout_s: float = TIMEOUT_S) -> None:
        await eventually(
            lambda: self.count(words) >= times, lambda: f"{words!r} in {self.log}", timeout_s
        )


@asynccontextmanager
async def logged(*arguments: str, **env: str) -> AsyncIterator[Logged]:
    """Run a command; it is killed in the end."""
    base = {name: value for name, value in os.environ.items() if name not in OURS}
    child = await asyncio.create_subprocess_exec(
        *TICKFIRE, *arguments, stderr=asyncio.subprocess.PIPE, env={**base, **env}
    )
    found = Logged(arguments[0], child)
    reading = asyncio.create_task(found.read())
    try:
        yield found
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await reading
