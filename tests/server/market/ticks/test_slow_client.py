"""A client that stops reading: it costs bounded memory, holds up nobody, and misses nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.raw_client import ENOUGH, RawClient
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.subscription import HIGH_WATER

BATCH = 3_000
ONE_READ = 1 << 20
"""The most bytes that are encoded of one read from Redis."""


async def behind(server: Server, publisher: Publisher) -> RawClient:
    """Return a client that joined, stopped to read, and has fallen behind."""
    slow = RawClient(server.port)
    await asyncio.to_thread(slow.connect, server.port)
    slow.join("market:realtime", {})
    assert (await asyncio.to_thread(slow.message))[3] == "phx_reply"
    while not catching_up(server):
        assert publisher.positions[0] < 4 * ENOUGH, "it never falls behind"
        publisher.publish(trades(BATCH), entry_size=100)
        await server.reaches(publisher)
    return slow


def catching_up(server: Server) -> bool:
    return server.market.metrics.registry.get_sample_value("tickfire_catching_up") == 1


@pytest.fixture
async def server(publisher: Publisher, valkey: Valkey, serve: Serve) -> Server:
    """Return a server that merges nothing, however slow the machine is."""
    return await serve(valkey.url, max_lag_s=0)


async def ticks_of(slow: RawClient, last: str) -> list[Any]:
    """Read until the tick of an id; return all messages."""

    def read() -> list[Any]:
        slow.read_much()
        got = [slow.message()]
        while got[-1][4].get("id") != last:
            got.append(slow.message())
        return got

    return await asyncio.to_thread(read)


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "redis"])
async def test_it_gets_everything_once_it_reads_on(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    if not memory:
        monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    quick = await (await server.client()).join("market:realtime")
    slow = await behind(server, publisher)
    for _ in range(0, ENOUGH, BATCH):
        publisher.publish(trades(BATCH), entry_size=100)
        await quick.count("tick", publisher.positions[0])
        most = max(s.socket.outlet.buffered for s in server.market.subscriptions)
        assert most < HIGH_WATER + ONE_READ
    sample = server.market.metrics.registry.get_sample_value
    assert sample("tickfire_catch_ups_total", {"why": "slow"})  # the quick one may be, too
    got = await ticks_of(slow, quick.of("tick")[-1]["id"])
    assert {message[3] for message in got} == {"tick"}
    assert [message[4] for message in got] == quick.of("tick")
    await eventually(lambda: not catching_up(server), "it is live again")
    publisher.publish(trades(5))
    live = await ticks_of(slow, (await quick.count("tick", len(got) + 5))[-1]["id"])
    assert [message[4] for message in live] == quick.of("tick")[-5:]
    slow.close()


def position_of(wire_id: str) -> int:
    return WireId.parse(wire_id).parts[0].positions[0]


async def test_it_is_told_what_was_trimmed_meanwhile(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    slow = await behind(server, publisher)
    publisher.publish(trades(ENOUGH), entry_size=100)
    await server.reaches(publisher)
    newest = publisher.positions[0]
    publisher.trim(newest - 1000)
    got = await ticks_of(slow, publisher.id(newest))
    (gap,) = [message[4] for message in got if message[3] == "gap"]
    begin, end = (WireId.parse(gap[side]).parts[0].positions[0] for side in ("from", "to"))
    ids = [
        WireId.parse(message[4]["id"]).parts[0].positions[0]
        for message in got
        if message[3] == "tick"
    ]
    assert ids == [*range(1, begin + 1), *range(end + 1, newest + 1)]
    slow.close()


async def test_a_slow_client_that_leaves_is_forgotten(server: Server, publisher: Publisher) -> None:
    slow = await behind(server, publisher)
    slow.close()
    await eventually(lambda: not len(server.market.subscriptions), "it is forgotten")
    assert not catching_up(server)
