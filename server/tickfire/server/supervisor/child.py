"""One run of one child process: its start, its lines of output, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tickfire.server.supervisor.lifeline import SUPERVISED_VARIABLE

STOP_TIMEOUT_S: Final = 5.0
DRAIN_TIMEOUT_S: Final = 1.0
MAX_LINE_BYTES: Final = 8192
_READ_BYTES: Final = 65536


class Child:
    """A running child, the leader of a process group of its own.

    Its standard input is its lifeline (`lifeline`), its output goes line by line to `relay`.
    """

    def __init__(self, name: str, process: Process, relay: Callable[[str], None]) -> None:
        self.name = name
        self.last_line = ""
        self._process = process
        self._relay = relay
        self._reader = asyncio.create_task(self._read(), name=f"{name} output")
        self._ended = asyncio.create_task(self._end(), name=f"{name} end")

    @classmethod
    async def start(
        cls,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        relay: Callable[[str], None],
    ) -> Child:
        """Start a process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env={**os.environ, **env, SUPERVISED_VARIABLE: "1", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        return cls(name, process, relay)

    @property
    def pid(self) -> int:
        """The process id, which is its group's too."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it has ended and is cleaned up; return the exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    async def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End it: SIGTERM, and SIGKILL for the whole group after `timeout_s`."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout_s):
                await self.wait()
        except TimeoutError:
            self._relay(f"error: did not stop within {timeout_s:g} s and was killed")
            self._kill_group()
            await self.wait()

    async def _end(self) -> int:
        code = await self._process.wait()
        # A worker that outlived its parent would keep the port that the next run needs.
        self._kill_group()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await self._reader
        return code

    def _kill_group(self) -> None:
        # PermissionError: on macOS, the group holds but the dead.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        rest = b""
        while data := await stdout.read(_READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._line(line)
            if len(rest) > MAX_LINE_BYTES:
                self._line(rest)
                rest = b""
        if rest:
            self._line(rest)

    def _line(self, line: bytes) -> None:
        text = line[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip()
        if text:
            self.last_line = text
            self._relay(text)
