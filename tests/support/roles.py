"""Every command that uses Redis, as a process, fed with numbered trades; a client counts them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.dbn import trades
from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.http import http_client
from tests.support.ingest import KEY, SentFeed, sending
from tests.support.logged import Logged, logged
from tests.support.phoenix_client import Joined, PhoenixClient
from tickfire.base.ports import free_port
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping

SYMBOL = "AAA"
INTERVAL_S = 0.02
TRADES_AT_ONCE = 4
START_S = 90.0
FIRST_PRICE = 100.0


@dataclass
class Roles:
    """The running processes, their feed and the client.

    Attributes
    ----------
    sent : int
        Number of trades that the feed has sent; the price of each is its number.
    received : list of (float, int)
        The time at which the client received a trade, and its number.
    """

    url: str
    feed: SentFeed
    processes: dict[str, Logged]
    port: int
    sent: int = 0
    received: list[tuple[float, int]] = field(default_factory=list)
    headlines: list[float] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    async def send_for_ever(self) -> None:
        """Send trades as a live feed does."""
        while True:
            made = trades(TRADES_AT_ONCE, start=time.time_ns())
            made["price"] = 1_000_000_000 * (self.sent + 1 + range_of(TRADES_AT_ONCE))
            made["sequence"] = self.sent + 1 + range_of(TRADES_AT_ONCE)
            self.feed.send(made.tobytes())
            self.sent += TRADES_AT_ONCE
            await asyncio.sleep(INTERVAL_S)

    async def listen_for_ever(self, client: PhoenixClient, *topics: Joined) -> None:
        """Note when each trade and each headline arrives."""
        taken = [0] * len(topics)
        while True:
            await client.changed()
            now = time.monotonic()
            for at, joined in enumerate(topics):
                new = joined.events[taken[at] :]
                taken[at] += len(new)
                for kind, payload in new:
                    self.events.append(kind)
                    if kind == "tick":
                        self.received.append((now, int(float(payload["price"]))))
                    elif kind == "headline":
                        self.headlines.append(now)

    def numbers(self, since: int = 0) -> list[int]:
        return [number for _, number in self.received if number > since]

    def silence(self, since: float) -> float:
        """Return the longest time without a trade since a moment."""
        times = [since, *(at for at, _ in self.received if at >= since)]
        return max((b - a for a, b in itertools.pairwise(times)), default=0.0)

    async def reaches(self, number: int, timeout_s: float = TIMEOUT_S) -> None:
        await eventually(
            lambda: bool(self.received) and self.received[-1][1] >= number,
            f"trade {number}",
            timeout_s,
        )

    async def catches_up(self, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until the client has every trade that was sent until now."""
        await self.reaches(self.sent, timeout_s)

    def assert_each_once(self, first: int) -> None:
        """Assert that each trade from `first` on has arrived once, in order."""
        found = self.numbers(first - 1)
        expected = list(range(first, found[-1] + 1))
        assert found == expected, (
            f"missing {sorted(set(expected) - set(found))[:9]}, "
            f"{len(found) - len(set(found))} twice"
        )

    def assert_calm(self) -> None:
        """Assert that every process runs, without a traceback."""
        for name, role in self.processes.items():
            log = "".join(role.log)
            assert role.process.returncode is None, f"{name} has ended:\n{log}"
            assert "Traceback" not in log, f"{name}:\n{log}"

    async def ready(self) -> bool:
        return await is_ready(self.port)


def range_of(count: int) -> Any:
    import numpy as np

    return np.arange(count)


def metadata(symbol: str = SYMBOL) -> Metadata:
    """Return the metadata of a live session in which instrument 1 has a symbol."""
    today = datetime.now(UTC).date()
    span = MappingInterval(today - timedelta(days=1), today + timedelta(days=2), "1")
    return Metadata("TEST.DATA", None, time.time_ns(), mappings=(SymbolMapping(symbol, (span,)),))


async def is_ready(port: int) -> bool:
    """Return whether the server at a port says that it is ready."""
    try:
        async with http_client() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    except httpx.TransportError:
        return False
    return answer.status_code == 200


@asynccontextmanager
async def roles(url: str) -> AsyncIterator[Roles]:
    """Run ingest, infer, news and serve on a Redis; yield them before Redis need be there."""
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        feed = await stack.enter_async_context(sending(metadata(), b""))
        gateway = f"{feed.host}:{feed.port}"
        commands = {
            "ingest": (
                *("ingest", "--gateway", gateway, "--key", KEY, "--dataset", "TEST.DATA"),
                *("--schemas", "trades"),
            ),
            "infer": ("infer",),
            "news": ("news", "--simulate", "--every", "0.2"),
            "serve": ("serve", "--dev", "--port", str(port)),
        }
        processes = {
            name: await stack.enter_async_context(logged(*command, REDIS_URL=url))
            for name, command in commands.items()
        }
        yield Roles(url, feed, processes, port)


@asynccontextmanager
async def streaming(running: Roles) -> AsyncIterator[None]:
    """Send trades, and listen to them, once every process is ready."""
    await eventually(lambda: running.feed.sessions > 0, "the first session", START_S)
    await eventually(running.ready, "the server is ready", START_S)
    client = await PhoenixClient.open(running.port)
    ticks = await client.join("market:realtime")
    news = await client.join("news:headlines")
    assert ticks.status == news.status == "ok"
    tasks = [
        asyncio.create_task(running.listen_for_ever(client, ticks, news)),
        asyncio.create_task(running.send_for_ever()),
    ]
    try:
        await running.reaches(10)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.close()
