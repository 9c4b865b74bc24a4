"""Many clients that resume at once: history is read and encoded once, and none holds up another."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix_client import Joined
from tests.support.publisher import Publisher, mixed, trades
from tests.support.raw_client import ENOUGH, RawClient
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.ticks.chunk_maker import ChunkMaker
from tickfire.store.history import History

HERD = 10


class Counts:
    """The work that catching up takes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads = self.chunks = 0
        read, encode = History.ticks_after, ChunkMaker._encode

        async def ticks_after(history: Any, *args: Any, **options: Any) -> Any:
            self.reads += 1
            return await read(history, *args, **options)

        def encoded(maker: Any, *args: Any) -> Any:
            self.chunks += 1
            return encode(maker, *args)

        patch.setattr(History, "ticks_after", ticks_after)
        patch.setattr(ChunkMaker, "_encode", encoded)
        patch.setattr(StreamReader, "recent", lambda reader, position: None)


async def resume(server: Server, topic: str, since: list[str]) -> list[Joined]:
    clients = [await server.client() for _ in since]
    return list(
        await asyncio.gather(
            *(
                client.join(topic, {"since": one})
                for client, one in zip(clients, since, strict=True)
            )
        )
    )


async def test_clients_at_one_place_share_reads_and_frames(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(trades(2_000), entry_size=8)
    await server.reaches(publisher)
    counts = Counts(monkeypatch)
    (one,) = await resume(server, "market:realtime", [publisher.id(500)])
    expected = await one.count("tick", 1_500)
    alone = counts.reads, counts.chunks
    live = server.market.live
    assert live is not None
    live.catch_up.restart()  # which forgets what was encoded
    herd = await resume(server, "market:realtime", [publisher.id(500)] * HERD)
    for joined in herd:
        assert await joined.count("tick", 1_500) == expected
    assert counts.reads <= 2 * alone[0] + HERD
    assert counts.chunks <= 2 * alone[1] + 2
    publisher.publish(trades(3))
    for joined in herd:
        assert (await joined.count("tick", 1_503))[-1]["id"] == publisher.id(2_003)


async def test_clients_at_near_places_come_together(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(trades(2_400), entry_size=8)
    await server.reaches(publisher)
    counts = Counts(monkeypatch)
    herd = await resume(
        server, "market:realtime", [publisher.id(100 + 7 * at) for at in range(HERD)]
    )
    for at, joined in enumerate(herd):
        got = await joined.count("tick", 2_300 - 7 * at)
        numbers = range(101 + 7 * at, 2_401)
        assert [tick["id"] for tick in got] == [publisher.id(number) for number in numbers]
    whole = 2_400 * 220 // (64 << 10)
    assert counts.chunks <= HERD + 3 * whole


async def test_clients_of_several_shards_share_and_miss_nothing(
    valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(valkey.client, shards=3)
    publisher.instruments({key: f"S{key}" for key in range(1, 12)})
    server = await serve(valkey.url)
    oracle = await (await server.client()).join("market:realtime")
    publisher.publish(mixed(1_500, instruments=11), entry_size=20)
    seen = list(await oracle.count("tick", 1_500))
    Counts(monkeypatch)
    begins = [3 * at for at in range(HERD)]
    herd = await resume(server, "market:realtime", [seen[at]["id"] for at in begins])
    publisher.publish(mixed(300, instruments=11), entry_size=7)
    expected = [str({**tick, "id": None}) for tick in await oracle.count("tick", 1_800)]
    for begin, joined in zip(begins, herd, strict=True):
        got = await joined.count("tick", 1_799 - begin)
        assert sorted(str({**tick, "id": None}) for tick in got) == sorted(expected[begin + 1 :])
        assert len({tick["id"] for tick in got}) == len(got)
        assert not joined.of("gap")


async def test_a_client_that_does_not_read_holds_up_no_other(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(ENOUGH))
    await server.reaches(publisher)
    stuck = [RawClient(server.port) for _ in range(5)]
    for client in stuck:
        await asyncio.to_thread(client.connect, server.port)
        client.join("market:realtime", {"since": publisher.id(0)})
    (quick,) = await resume(server, "market:realtime", [publisher.id(ENOUGH - 1_000)])
    await quick.count("tick", 1_000)
    sample = server.market.metrics.registry.get_sample_value
    await eventually(lambda: sample("tickfire_catching_up") == 5, "the others catch up still")
    async with http_client() as web:
        response = await web.get(f"http://127.0.0.1:{server.port}/healthz")
    assert response.status_code == 200
    for client in stuck:
        client.close()
    await eventually(lambda: sample("tickfire_catching_up") == 0, "they are forgotten")


async def test_history_that_cannot_be_encoded_ends_the_connection(
    server: Server,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher.publish(trades(50))
    await server.reaches(publisher)

    def fail(maker: Any, *args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ChunkMaker, "_encode", fail)
    client = RawClient(server.port)
    await asyncio.to_thread(client.connect, server.port)
    client.join("market:realtime", {"since": publisher.id(3)})
    assert (await asyncio.to_thread(client.message))[3] == "phx_reply"
    with pytest.raises((AssertionError, socket.error)):
        await asyncio.to_thread(client.message)
    await eventually(lambda: "cannot catch up" in caplog.text, "the log has the reason")
    client.close()
