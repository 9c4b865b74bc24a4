"""The whole house as a user runs it: ``tickfire dev``, all its processes, real ticks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import websockets

from tests.supervisor.processes import descendants, wait_gone
from tests.supervisor.test_cli import OURS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

COMMANDS = ("redis", "gateway", "ingest", "news", "serve")
LIVE_TIMEOUT_S = 60.0
RECOVERY_TIMEOUT_S = 10.0


@dataclass
class House:
    """A running ``tickfire dev``."""

    process: asyncio.subprocess.Process
    url: str = ""
    log: list[str] = field(default_factory=list)

    def processes(self) -> dict[int, str]:
        return descendants(self.process.pid)

    def pid_of(self, name: str) -> int:
        """Return the process of a command, or Valkey's for ``valkey-server``."""
        pattern = rf"tickfire\.server {name}\b" if name in COMMANDS else name
        (pid,) = (pid for pid, args in self.processes().items() if re.search(pattern, args))
        return pid

    async def first_tick(self) -> dict[str, object]:
        """Join as a stock client does, and return the first live trade."""
        address = self.url.replace("http", "ws") + "socket/websocket?vsn=2.0.0"
        async with websockets.connect(address) as socket:
            await socket.send(json.dumps(["1", "1", "market:realtime", "phx_join", {}]))
            async for frame in socket:
                _, _, _, event, payload = json.loads(frame)
                if event == "tick":
                    return dict(payload)
        raise ConnectionError("closed")

    async def first_tick_in_the_end(self) -> dict[str, object]:
        while True:
            try:
                return await self.first_tick()
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(0.05)  # refused: nothing to wait on but time

    def get(self, path: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.status, answer.read()


@contextlib.asynccontextmanager
async def house(**env: str) -> AsyncIterator[House]:
    base = {name: value for name, value in os.environ.items() if name not in OURS}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tickfire.server", "dev"),
        env={**base, "PORT": "0", **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    made = House(process)
    reading = asyncio.create_task(read_log(process.stderr, made.log))
    try:
        line = await asyncio.wait_for(process.stdout.readline(), LIVE_TIMEOUT_S)
        assert line.startswith(b"tickfire is live at "), "\n".join(made.log)
        made.url = line.split()[-1].decode()
        yield made
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await reading


async def read_log(stream: asyncio.StreamReader, log: list[str]) -> None:
    while line := await stream.readline():
        log.append(line.decode().rstrip())


async def test_it_comes_up_serves_and_leaves_nothing_behind() -> None:
    async with house() as running:
        assert running.get("readyz")[0] == 200
        status, page = running.get("")
        assert status == 200
        assert b"<!doctype html>" in page.lower()
        tick = await asyncio.wait_for(running.first_tick(), 20)
        assert {"symbol", "price", "volume", "timestamp", "id"} <= set(tick)
        pids = running.processes()
        assert len(pids) >= len(COMMANDS) + 1, pids
        running.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(running.process.wait(), 30) == 0
        assert all(wait_gone(pid) for pid in pids), pids
    assert running.log[-1].endswith("stopped")
    assert not [line for line in running.log if "Traceback" in line]


async def test_it_lives_again_whatever_is_killed() -> None:
    async with house() as running:
        await asyncio.wait_for(running.first_tick(), 20)
        for name in (*COMMANDS, "valkey-server"):
            victim = running.pid_of(name)
            began = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            assert wait_gone(victim)
            async with asyncio.timeout(RECOVERY_TIMEOUT_S):
                await running.first_tick_in_the_end()
            print(f"{name}: ticks again after {time.monotonic() - began:.1f} s")
        assert running.process.returncode is None
        pids = running.processes()
    assert running.process.returncode == 0
    assert all(wait_gone(pid) for pid in pids), pids
    deaths = [line for line in running.log if " died (" in line]
    assert len(deaths) == len(COMMANDS) + 1, deaths


async def test_nothing_outlives_a_killed_supervisor() -> None:
    async with house(WORKERS="2") as running:
        pids = running.processes()
        running.process.kill()
        await running.process.wait()
        assert all(wait_gone(pid) for pid in pids), pids


async def test_what_a_process_says_of_its_input_is_the_last_word() -> None:
    with pytest.raises(AssertionError):
        async with house(FEED=__file__) as running:
            pytest.fail(running.url)
