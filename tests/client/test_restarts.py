"""A client of `tickfire serve`, whose workers and command are killed while ticks are written."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.logged import Logged, logged
from tests.support.processes import descendants, wait_gone
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port
from tickfire.client import Market

pytestmark = pytest.mark.timeout(300)
START_S = 90.0
FIRST_NS = 1_700_000_000_000_000_000
APART_NS = 10**10


class Follower:
    """A stream of the client, and the times of the ticks that it has yielded."""

    def __init__(self, url: str, kind: str, since: str) -> None:
        market = Market(
            url,
            connect_timeout_s=START_S,
            reconnect_after_s=lambda _: 0.02,
            rejoin_after_s=lambda _: 0.02,
        )
        self.stream: Any = getattr(market, kind)(since=since)
        self.got: list[int] = []

    async def run(self) -> None:
        async for item in self.stream:
            one = hasattr(item, "ts_event")
            self.got += [item.ts_event] if one else item.ticks["ts_event"].tolist()


class House:
    """A server, Redis, and clients that must miss nothing."""

    def __init__(self, valkey: Valkey, publisher: Publisher, stack: AsyncExitStack) -> None:
        self.valkey, self.publisher = valkey, publisher
        self.port = free_port()
        self.sent: list[int] = []
        self.followers: list[Follower] = []
        self._stack = stack
        self._opened = 0

    async def serve(self) -> None:
        """Start `tickfire serve`, and wait until it listens."""
        options = ("--dev", "--port", str(self.port))
        self.server: Logged = await self._stack.enter_async_context(
            logged("serve", *options, REDIS_URL=self.valkey.url)
        )
        self._opened = 0
        await self.opens()

    async def opens(self) -> None:
        """Wait until a worker that was not there before listens."""
        self._opened += 1
        await self.server.said("is open", self._opened, START_S)

    def write(self) -> None:
        """Write some ticks."""
        rows = trades(40, start=FIRST_NS + len(self.sent) * APART_NS)
        self.sent += rows["ts_event"].tolist()
        self.publisher.publish(rows, entry_size=16)

    def kill_worker(self) -> None:
        """Kill the worker: the template forks another."""
        below = descendants(self.server.process.pid).items()
        *_, worker = (pid for pid, line in below if "<defunct>" not in line)
        os.kill(worker, signal.SIGKILL)

    async def kill_all(self) -> None:
        """Kill the command; what it has started ends with it."""
        below = descendants(self.server.process.pid)
        self.server.process.kill()
        await self.server.process.wait()
        for pid in below:
            assert await asyncio.to_thread(wait_gone, pid), "its port is not free"

    def cut_off(self) -> None:
        """Close all connections to Redis but that of the publisher."""
        self.valkey.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def have_all(self) -> None:
        """Wait until every client has every tick, and has it once."""
        await eventually(
            lambda: all(len(each.got) >= len(self.sent) for each in self.followers), "all ticks"
        )
        for each in self.followers:
            assert each.got == self.sent
            assert each.stream.gaps == []


@asynccontextmanager
async def house(valkey: Valkey, publisher: Publisher) -> AsyncIterator[House]:
    """Run a server with a follower of single ticks, and one of batches."""
    async with AsyncExitStack() as stack:
        made = House(valkey, publisher, stack)
        await made.serve()
        url = f"http://127.0.0.1:{made.port}"
        made.followers = [Follower(url, kind, publisher.id(0)) for kind in ("ticks", "batches")]
        running = [asyncio.create_task(each.run()) for each in made.followers]
        try:
            made.write()
            await made.have_all()
            yield made
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def test_nothing_is_missing_and_nothing_twice_over_restarts(
    publisher: Publisher, valkey: Valkey
) -> None:
    async with house(valkey, publisher) as running:
        running.write()
        running.kill_worker()
        running.write()
        await running.opens()
        running.write()
        running.cut_off()
        running.write()
        await running.have_all()
        await running.kill_all()
        running.write()
        await running.serve()
        await running.have_all()


@pytest.mark.slow
async def test_nothing_is_missing_and_nothing_twice_over_20_restarts(
    publisher: Publisher, valkey: Valkey
) -> None:
    async with house(valkey, publisher) as running:
        for number in range(20):
            running.write()
            if number % 4 == 3:
                running.cut_off()
            running.kill_worker()
            running.write()
            await running.opens()
        await running.have_all()
