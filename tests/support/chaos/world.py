"""A whole tickfire on a Redis Cluster: two feeds and infer, each with a standby, news, a server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from tests.support.chaos.feed import NumberedFeed, numbered_feed
from tests.support.chaos.followers import CandleFollower, Follower, TickFollower
from tests.support.chaos.kept import Kept, keeping
from tests.support.chaos.numbered import MODEL
from tests.support.chaos.report_followers import NewsFollower, SignalFollower
from tests.support.cluster import Cluster, six_nodes
from tests.support.eventually import eventually
from tests.support.ingest import KEY
from tests.support.roles import is_ready
from tickfire.base.ports import free_port
from tickfire.models.registry import STREAM_MODELS

START_S: Final = 240.0
WRITES: Final = ("beginning epoch", "continuing epoch", "following feed")
WAITS: Final = "waiting as standby"
"""Words by which an ingest or infer says that it writes, or waits."""
INFER: Final = "infer"
SYMBOLS: Final = ("AAA", "BBB")


@dataclass
class World:
    """Running processes, and their clients.

    Attributes
    ----------
    feeds : list of NumberedFeed
    processes : dict of str to Kept
        ``ingest-1``, ``ingest-1-standby`` and so on.
    """

    cluster: Cluster
    port: int
    feeds: list[NumberedFeed]
    processes: dict[str, Kept]
    followers: list[Follower] = field(default_factory=list)

    @property
    def pairs(self) -> tuple[str, ...]:
        """The names of the processes that have a standby."""
        return tuple(name for name in self.processes if f"{name}-standby" in self.processes)

    @property
    def tick_followers(self) -> list[TickFollower]:
        return [one for one in self.followers if isinstance(one, TickFollower)]

    @property
    def candle_followers(self) -> list[CandleFollower]:
        return [one for one in self.followers if isinstance(one, CandleFollower)]

    @property
    def signal_followers(self) -> list[SignalFollower]:
        return [one for one in self.followers if isinstance(one, SignalFollower)]

    def pair(self, name: str, *, writing: bool) -> list[Kept]:
        """Return those of a process and its standby that write, or those that wait."""
        pair = [self.processes[name], self.processes[f"{name}-standby"]]
        said = [(one, one.last_said(*WRITES, WAITS)) for one in pair]
        return [one for one, word in said if word and (word != WAITS) is writing]

    def is_paired(self) -> bool:
        """Return whether of each pair one process writes and the other waits."""
        return all(
            self.pair(name, writing=True) and self.pair(name, writing=False) for name in self.pairs
        )

    async def is_ready(self) -> bool:
        """Return whether the server says that it is ready."""
        return await is_ready(self.port)

    async def catches_up(self, timeout_s: float) -> None:
        """Wait until every client of ticks or signals has all of the trades sent until now."""
        sent = {feed.symbol: feed.sent for feed in self.feeds}

        def behind() -> list[TickFollower | SignalFollower]:
            late: list[TickFollower | SignalFollower] = []
            late += (one for one in self.tick_followers if not one.has(sent))
            late += (one for one in self.signal_followers if not one.has(sent))
            return late

        try:
            await eventually(lambda: not behind(), "", timeout_s)
        except AssertionError:
            late = behind()
            first = late[0] if late else None
            raise AssertionError(
                f"{len(late)} clients do not catch up within {timeout_s:g} s, such as one of "
                f"{first and first.topic} at {first and first.numbers} of {sent}"
            ) from None


def processes(url: str, port: int, feeds: list[NumberedFeed]) -> dict[str, Kept]:
    """Return every process but Redis, not yet started."""
    commands: dict[str, tuple[str, ...]] = {
        "news": ("news", "--simulate", "--every", "0.5"),
        "serve": ("serve", "--dev", "--port", str(port), "--workers", "2"),
    }
    models = [("--model", name) for name in (*STREAM_MODELS, MODEL)]
    commands[INFER] = commands[f"{INFER}-standby"] = ("infer", *chain.from_iterable(models))
    for number, feed in enumerate(feeds, 1):
        command = (
            *("ingest", "--feed", str(number), "--gateway", feed.address, "--key", KEY),
            *("--dataset", "TEST.DATA", "--schemas", "trades"),
        )
        commands[f"ingest-{number}"] = commands[f"ingest-{number}-standby"] = command
    return {name: Kept(name, command, {"REDIS_URL": url}) for name, command in commands.items()}


def followers(port: int, count: int) -> list[Follower]:
    """Return clients of every kind of topic, as evenly as may be."""
    made: list[Follower] = []
    for seed in range(count):
        symbol = SYMBOLS[seed // 9 % 2]
        match seed % 9:
            case 0:
                made.append(TickFollower(port, "market:realtime", seed))
            case 1 | 2:
                made.append(TickFollower(port, f"market:{symbol}", seed))
            case 3:
                merge = {"mode": "merge", "max_hz": 5}
                made.append(TickFollower(port, "market:realtime", seed, **merge))
            case 4 | 5:
                made.append(CandleFollower(port, f"candles:{symbol}:1s", seed))
            case 6:
                made.append(NewsFollower(port, "news:headlines", seed))
            case 7:
                made.append(SignalFollower(port, f"signals:{symbol}", seed))
            case _:
                made.append(Follower(port, f"stats:{symbol}", seed))
    return made


@asynccontextmanager
async def world(folder: Path, clients: int, rate: float) -> AsyncIterator[World]:
    """Run everything; yield it once every client has joined, and has trades.

    Parameters
    ----------
    folder : Path
        The folder of the Cluster's files.
    clients : int
    rate : float
        Trades a second of each feed.
    """
    async with contextlib.AsyncExitStack() as stack:
        cluster = stack.enter_context(six_nodes(folder))
        feeds = [await stack.enter_async_context(numbered_feed(name, rate)) for name in SYMBOLS]
        port = free_port()
        found = World(cluster, port, feeds, processes(cluster.url, port, feeds))
        await stack.enter_async_context(keeping(*found.processes.values()))
        await eventually(found.is_ready, "the server is ready", START_S)
        found.followers = followers(port, clients)
        following = [asyncio.create_task(one.follow()) for one in found.followers]
        try:
            await eventually(
                lambda: all(one.joins for one in found.followers), "every client joins", START_S
            )
            await found.catches_up(START_S)
            yield found
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
