"""Examples of the documentation, run as a user runs them."""

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
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0


@contextlib.asynccontextmanager
async def running(
    command: str | Sequence[str], port: int | None = None, **environment: str
) -> AsyncIterator[int]:
    """Run an example that serves; yield its port once it listens.

    Parameters
    ----------
    command
        File name of the example, or the arguments of Python, run in the folder of examples.
    port
        Port that the command names; by default a free one, given as PORT.
    environment
        Environment variables.
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
    """Run an example to its end, and return its output."""
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
