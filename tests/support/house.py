"""`tickfire dev` as a child process, and stock phoenix.js clients in Node."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.processes import descendants, find_child
from tickfire.base.ports import free_port

START_S: Final = 200
"""Far more than it takes where kernels must be compiled and others have most of the machine."""
HISTORY_S: Final = 300
"""Past of a house's market, shorter than by default, so that houses start sooner."""
STOP_S: Final = 60
LISTEN: Final = Path(__file__).with_name("listen.mjs")


@dataclass
class House:
    """A running `tickfire dev`."""

    port: int
    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/socket"

    def child(self, name: str) -> int:
        """Return the process id of a child, such as ``"ingest"``; fail if it does not run."""
        found = self.runs(name)
        assert found, f"{name} does not run; the log says:\n" + "\n".join(self.log[-20:])
        return found

    def runs(self, name: str) -> int | None:
        """Return the process id of a child, or None if it does not run."""
        return find_child(self.process.pid, name)


@contextlib.asynccontextmanager
async def running_house(**settings: str) -> AsyncIterator[House]:
    """Run `tickfire dev` with environment variables; yield it once it is live."""
    port = free_port()
    unset = "FEED SPEED REDIS_URL WORKERS DATABENTO_API_KEY HOST NEWS_FEEDS NEWS_APIS".split()
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tickfire.server", "dev"),
        env={**environment, "PORT": str(port), "HISTORY": str(HISTORY_S), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    house = House(port, process)
    reader = asyncio.create_task(_read_log(house))
    try:
        await _live(house)
        yield house
    finally:
        below = descendants(process.pid)
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        finally:
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await reader


async def _read_log(house: House) -> None:
    assert house.process.stdout is not None
    async for line in house.process.stdout:
        house.log.append(line.decode().rstrip())


async def _live(house: House) -> None:
    def is_live() -> bool:
        assert house.process.returncode is None, "\n".join(house.log)
        return any(house.url in line for line in house.log)

    await eventually(is_live, "the house is live", START_S)


@dataclass
class Listener:
    """A stock phoenix.js client in Node that has joined one topic."""

    process: asyncio.subprocess.Process

    async def row(self, timeout_s: float = TIMEOUT_S) -> list[Any]:
        """Return the next row: ``["reply", response]`` or ``[event, payload]``."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), timeout_s)
        assert line, "the client ended"
        row: list[Any] = json.loads(line)
        return row

    async def reply(self) -> dict[str, Any]:
        """Return the join reply."""
        name, payload = await self.row()
        assert name == "reply", payload
        response: dict[str, Any] = payload
        return response

    async def events(self, name: str, count: int) -> list[dict[str, Any]]:
        """Return the next ``count`` payloads, all of one event."""
        rows = [await self.row() for _ in range(count)]
        assert {row[0] for row in rows} == {name}
        return [row[1] for row in rows]


@contextlib.asynccontextmanager
async def listening(
    socket: str, topic: str, params: dict[str, Any], *events: str
) -> AsyncIterator[Listener]:
    """Yield a stock client that joins a topic of a server and prints the named events."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(LISTEN), socket, topic, json.dumps(params), *events),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    try:
        yield Listener(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), STOP_S)
