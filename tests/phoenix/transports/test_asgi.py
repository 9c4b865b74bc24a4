"""The same sockets on a plain ASGI server: uvicorn with its own WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.eventually import eventually
from tests.support.phoenix.serving import PATIENCE_S, Client, Served, serve
from tickfire.phoenix import Channel, Hub, Reply, Socket, WebSocketOptions

STOCK = "websockets-sansio"
URL = "/socket/websocket?vsn=2.0.0"


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        match event:
            case "shout":
                await socket.broadcast("shout", payload)
            case "crash":
                raise RuntimeError
            case "close":
                socket.close(4001)
            case "abort":
                socket.abort()
        return Reply(payload)


@contextlib.asynccontextmanager
async def stock(hub: Hub, channel: type[Channel] = Room, **options: Any) -> AsyncIterator[Served]:
    ws = WebSocketOptions(**options)
    async with serve({"room:*": channel}, hub, websocket=ws, server={"ws": STOCK}) as served:
        yield served


async def closed_with(client: Client) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await client.receive()
    return client.connection.close_code


async def test_it_speaks_the_protocol(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    hub = Hub()
    async with stock(hub) as served, served.client() as a, served.client() as b:
        await a.join("room:1")
        await b.join("room:1", ref="9")
        await a.send("1", "2", "room:1", "shout", {"n": 1})
        assert [(await a.receive())[3] for _ in range(2)] == ["shout", "phx_reply"]
        assert await b.receive() == [None, None, "room:1", "shout", {"n": 1}]
        await a.send(b"\x00\x01\x01\x06\x0413room:1echo\x00\xff")
        assert await a.receive() == b"\x01\x01\x01\x06\x0213room:1ok\x00\xff"
        await a.send("1", "4", "room:1", "crash", {})
        assert (await a.receive())[3] == "phx_error"
        await a.send(None, "5", "phoenix", "heartbeat", {})
        assert (await a.receive())[1] == "5"
    assert not hub.topics()


async def test_it_closes_with_the_codes_of_the_protocol() -> None:
    hub = Hub()
    async with stock(hub, max_frame_size=1_000) as served:
        for sent, code in (("[]", 1011), ("[" * 1_001, 1009), (b"\x05", 1011)):
            async with served.client() as client:
                await client.send(sent)
                assert await closed_with(client) == code
        for event, expected in (("close", 4001), ("abort", None)):
            async with served.client() as client:
                await client.join("room:1")
                await client.send("1", "2", "room:1", event, {})
                got = await closed_with(client)
                assert got == expected if expected else got != 1001
    async with stock(hub, idle_timeout_s=0.3) as served, served.client() as client:
        assert await closed_with(client) == 1002
    assert not hub.topics()


async def test_it_refuses_connections_and_negotiates_a_subprotocol() -> None:
    async with stock(Hub(), subprotocols=("phx",), compress=True) as served:
        for path in ("/socket/websocket?vsn=3.0.0", "/socket/nowhere"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(served.url(path))
            assert refused.value.response.status_code in (403, 404)
        async with connect(served.url(), subprotocols=["phx"]) as raw:  # type: ignore[list-item]
            assert raw.subprotocol == "phx"
            await Client(raw).join("room:1")


async def test_a_slow_reader_gets_on_overflow_and_then_on_writable() -> None:
    overflowed, writable = asyncio.Event(), asyncio.Event()

    class Conflating(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            def on_overflow(missed: int) -> None:
                if not overflowed.is_set():
                    overflowed.set()
                    socket.outlet.on_writable(writable.set)

            socket.outlet.on_overflow = on_overflow

    hub = Hub()
    async with stock(hub, Conflating, high_water=100_000, low_water=10_000) as served:
        async with connect(served.url(), max_queue=1, compression=None, close_timeout=0.1) as raw:
            client = Client(raw)
            await client.join("room:1")
            async with asyncio.timeout(PATIENCE_S):
                while not overflowed.is_set():
                    hub.local_broadcast("room:1", "news", {"pad": "x" * 50_000})
                    await asyncio.sleep(0)
            while not writable.is_set():
                assert (await client.receive())[3] == "news"


async def test_a_flood_to_a_slow_channel_waits() -> None:
    gate = asyncio.Event()

    class Slow(Channel):
        async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
            await gate.wait()
            return Reply()

    async with stock(Hub(), Slow) as served, served.client() as client:
        await client.join("room:1")
        for ref in range(600):
            await client.send("1", str(ref), "room:1", "x", {})
        gate.set()
        refs = [(await client.receive())[1] for _ in range(600)]
        assert refs == [str(ref) for ref in range(600)]


async def test_a_vanished_client_leaves_no_subscribers() -> None:
    hub = Hub()
    async with stock(hub) as served:
        async with served.client() as client:
            await client.join("room:1")
            client.connection.transport.abort()
            await eventually(lambda: not hub.topics(), "it is gone")
