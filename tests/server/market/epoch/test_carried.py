"""Clients that are cut while epochs of several shards end, whose last ticks begin the next epochs.

Random programs: each client is sent every tick once, whatever it has joined.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

import pytest

from tests.support.carrying import (
    BINARY,
    KINDS,
    SHARDS,
    Carrying,
    Kind,
    Reader,
    follows,
    leaves,
)
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.feed import LiveFeed
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks import subscription
from tickfire.store.schema import Stream

PROGRAMS = int(os.environ.get("CARRIED_PROGRAMS", "2"))
STEPS = 25
ACTIONS = ("ticks", "ticks", "cut", "cut", "epoch", "loading")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let feeds be loaded while the event is set."""
    gate, seed = asyncio.Event(), LiveMarket.seed
    gate.set()

    async def waiting(self: LiveMarket, feed: LiveFeed) -> dict[Stream, int]:
        await gate.wait()
        return await seed(self, feed)

    monkeypatch.setattr(LiveMarket, "seed", waiting)
    monkeypatch.setattr(subscription, "LOADING_S", 0.01)
    return gate


class Program:
    """A server, and a client of each kind."""

    def __init__(self, scene: Carrying, server: Server, gate: asyncio.Event) -> None:
        self.scene, self.server, self._gate = scene, server, gate
        self.readers = [Reader(scene, server, kind) for kind in KINDS]

    async def join(self) -> None:
        for reader in self.readers:
            if not reader.is_joined:
                await reader.join()

    async def ticks(self) -> None:
        self.scene.ticks()

    async def cut(self) -> None:
        """Cut some clients right after some ticks."""
        for reader in self.scene.random.sample(self.readers, 4):
            await reader.some()
            await reader.cut(least=1)
            await reader.join()

    async def _cut_joined(self, readers: Iterable[Reader]) -> None:
        for reader in readers:
            if reader.is_joined:
                await reader.cut()

    async def epoch(self) -> None:
        """Begin a new epoch, while no client is connected."""
        await self._cut_joined(self.readers)
        self.scene.end_epoch()
        await follows(self.server, self.scene)
        await self.join()

    async def loading(self) -> None:
        """Begin a new epoch; clients come and go while it is loaded."""
        await self._cut_joined(self.readers)
        self._gate.clear()
        feed = self.scene.end_epoch()
        await leaves(self.server, feed)
        for _ in range(3):
            await self.join()
            self.scene.ticks()
            for other in SHARDS.keys() - {feed}:
                await self.server.reaches(self.scene.publishers[other])
            await self._cut_joined(self.scene.random.sample(self.readers, 5))
        await self.join()
        self._gate.set()
        await follows(self.server, self.scene)
        await self.join()


@pytest.mark.parametrize("seed", range(PROGRAMS))
async def test_every_tick_comes_once(
    valkey: Valkey, serve: Serve, archive: str, gate: asyncio.Event, seed: int
) -> None:
    scene = Carrying(valkey.client, archive, seed)
    scene.mark()
    server = await serve(valkey.url, archive=archive)
    await follows(server, scene)
    program = Program(scene, server, gate)
    await program.join()
    for _ in range(STEPS):
        await getattr(program, scene.random.choice(ACTIONS))()
    scene.mark()
    await follows(server, scene)
    for reader in program.readers:
        await reader.compare()
        await reader.cut()


async def test_a_client_with_all_of_an_epoch_is_told_where_it_is_in_the_next_which_has_ended_too(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    """Packed ticks tell the position in their own shard; it has the first ticks of others, too."""
    scene = Carrying(valkey.client, archive, seed=0)
    scene.mark()
    server = await serve(valkey.url, archive=archive)
    await follows(server, scene)
    reader = Reader(scene, server, Kind(params=BINARY))
    await reader.join()
    scene.mark()
    await reader.compare()
    await reader.cut()
    for _ in range(2):
        scene.end_epoch(1)
        scene.mark()
    await follows(server, scene)
    await reader.join()
    await reader.compare()
    kinds = [event for event, _ in reader.joined.events if event in ("bookmark", "ticks")]
    assert kinds[0] == "bookmark"
    await reader.cut()
