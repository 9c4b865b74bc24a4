"""Run an example as a user does, on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence

from tests.support.eventually import eventually
from tests.support.paths import ROOT
from tickfire.base.ports import free_port

EXAMPLES = ROOT / "docs" / "examples"
START_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 20.0


@contextlib.asynccontextmanager
async def running(
    command: str | Sequence[str], port: int | None = None, **environment: str
) -> AsyncIterator[int]:
    """Yield the port of an example that serves.

    Parameters
    ----------
    command
        The name of the example; or a whole command of Python, to be run among the examples.
    port
        Where it serves, if the command says so.
    environment
        Variables that it reads.
    """
    if port is None:
        port = free_port()
    arguments = [command] if isinstance(command, str) else command
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=EXAMPLES,
        env={**os.environ, "PORT": str(port), **environment},
    )
    try:
        await eventually(
            lambda: _listens(process, port), f"{arguments[0]} listens", START_TIMEOUT_S
        )
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()


async def run_script(*arguments: str, **environment: str) -> str:
    """Run an example that ends by itself, and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=EXAMPLES,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(START_TIMEOUT_S):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


def _listens(process: asyncio.subprocess.Process, port: int) -> bool:
    assert process.returncode is None, f"the example ended with {process.returncode}"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
