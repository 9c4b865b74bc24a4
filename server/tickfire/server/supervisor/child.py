"""One run of one child process: its start, its lines of output, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tickfire.server.lifeline import SUPERVISED_VARIABLE
from tickfire.server.logs.json_lines import as_text

STOP_TIMEOUT_S: Final = 5.0
DRAIN_TIMEOUT_S: Final = 1.0
MAX_LINE_BYTES: Final = 65_536
_READ_BYTES: Final = 65536
_OURS: Final = {"PYTHONUNBUFFERED": "1"}


class _Pipes:
    """The two pipes of a child: its lifeline (standard input) and its output."""

    def __init__(self) -> None:
        self.lifeline_end, self._lifeline = os.pipe()
        read_end, self.output_end = os.pipe()
        self.output = open(read_end, "rb", buffering=0)

    def close_childs_ends(self) -> None:
        os.close(self.lifeline_end)
        os.close(self.output_end)

    def close(self) -> None:
        os.close(self._lifeline)
        self.output.close()


class Child:
    """A running child process, leader of its own process group; created by `start`.

    Its standard input is its lifeline (see `tickfire.server.lifeline`), and its output is passed
    line by line to `relay`. Both pipes are made here: with asyncio's own, `wait` would hang for as
    long as any descendant holds them open.

    Attributes
    ----------
    name : str
    last_line : str
        The newest line of output that is not blank; of a line of JSON, its message.
    """

    def __init__(
        self, name: str, process: Process, pipes: _Pipes, relay: Callable[[str], None]
    ) -> None:
        self.name = name
        self.last_line = ""
        self._process = process
        self._pipes = pipes
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
        """Start a process in a new session, so that Ctrl-C reaches only the supervisor."""
        pipes = _Pipes()
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=pipes.lifeline_end,
                stdout=pipes.output_end,
                stderr=STDOUT,
                env={**os.environ, **env, **_OURS, SUPERVISED_VARIABLE: str(os.getpid())},
                start_new_session=True,
            )
        except BaseException:
            pipes.close()
            raise
        finally:
            pipes.close_childs_ends()
        return cls(name, process, pipes, relay)

    @property
    def pid(self) -> int:
        """The process id, which is also the process group's."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the end of the process and its group; return the exit code, -n for signal n."""
        return await asyncio.shield(self._ended)

    async def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Send SIGTERM, then after `timeout_s` seconds SIGKILL to the whole group."""
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
        self._pipes.close()
        return code

    def _kill_group(self) -> None:
        # PermissionError: on macOS, when the group has only zombies left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _read(self) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._pipes.output
        )
        try:
            rest = b""
            while data := await reader.read(_READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._line(line)
                if len(rest) > MAX_LINE_BYTES:
                    self._line(rest)
                    rest = b""
            self._line(rest)
        finally:
            transport.close()

    def _line(self, line: bytes) -> None:
        text = line[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip()
        if text:
            self.last_line = as_text(text)
            self._relay(text)
