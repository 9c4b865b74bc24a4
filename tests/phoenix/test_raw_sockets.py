"""Sockets without channels: `PhoenixTransport` over WebSocket, plain ASGI and long-poll."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.phoenix.serving import PATIENCE_S, Client, Served, serve_app
from tickfire.phoenix import (
    ConnectInfo,
    Hub,
    LongPollOptions,
    PhoenixSocket,
    PhoenixTransport,
    Stop,
    WebSocketOptions,
)
from tickfire.phoenix.core.raw_session import RawSession
from tickfire.phoenix.testing import connect


class Echo(PhoenixTransport):
    calls: ClassVar[list[Any]] = []
    ended: ClassVar[asyncio.Queue[Any]]

    @classmethod
    @contextlib.asynccontextmanager
    async def child_spec(cls) -> AsyncIterator[None]:
        cls.calls.append("started")
        yield

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        return params.get("token") != "bad"

    async def init(self) -> None:
        self.connection.push(f"hello over {self.connection.kind}")

    async def handle_in(self, data: str | bytes) -> Any:
        match data:
            case "slow":
                await asyncio.sleep(0)
                return "slow"
            case "stop":
                return Stop()
            case "crash":
                return Stop("crash")
            case "wrong":
                return 5
            case "close":
                self.connection.close(4001, "enough")
            case "later":
                self.connection.send_info("told")
            case "raise":
                raise ValueError("no")
            case _:
                return data
        return None

    async def handle_control(self, opcode: str, payload: bytes) -> str:
        return f"{opcode} {payload.decode()}"

    async def handle_info(self, message: Any) -> str:
        return f"info {message}"

    async def terminate(self, reason: Any) -> None:
        self.connection.push("too late")
        self.ended.put_nowait(reason)


@contextlib.asynccontextmanager
async def served(
    hub: Hub | None = None, server: Any = None, **options: Any
) -> AsyncIterator[Served]:
    Echo.calls, Echo.ended = [], asyncio.Queue()
    route = PhoenixSocket("/echo", Echo, hub=hub, longpoll=LongPollOptions(), **options)
    async with serve_app(Starlette(routes=[route]), **(server or {})) as running:
        yield running


@contextlib.asynccontextmanager
async def echo(**options: Any) -> AsyncIterator[Client]:
    async with served(**options) as server, server.client("/echo/websocket?vsn=9") as client:
        assert await client.connection.recv() == "hello over websocket"
        yield client


async def end_of(client: Client) -> tuple[int | None, Any]:
    with pytest.raises(ConnectionClosed):
        await client.receive()
    return client.connection.close_code, await asyncio.wait_for(Echo.ended.get(), PATIENCE_S)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"websocket": WebSocketOptions(compress=True)},
        {"server": {"ws": "websockets-sansio"}},
    ],
)
async def test_frames_are_answered_in_order(options: dict[str, Any]) -> None:
    hub = Hub()
    async with echo(hub=hub, **options) as client:
        assert hub.stats.sessions == 1
        for data in ("slow", "a", b"\x00\xff", "later"):
            await client.connection.send(data)
        got = [await client.connection.recv() for _ in range(4)]
        assert got == ["slow", "a", b"\x00\xff", "info told"]
        assert Echo.calls == ["started"]
    assert await asyncio.wait_for(Echo.ended.get(), PATIENCE_S) == "closed"
    assert hub.stats.sessions == 0


async def test_control_frames_have_a_callback() -> None:
    async with echo() as client:
        await client.connection.ping("!")
        assert await client.connection.recv() == "ping !"
        await client.connection.pong("?")
        assert await client.connection.recv() == "pong ?"


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        ("stop", 1000, "normal"),
        ("crash", 1011, "crash"),
        ("close", 4001, "closed"),
        ("raise", 1011, "ValueError('no')"),
        ("wrong", 1011, "got 5"),
    ],
)
async def test_ends_have_a_code_and_a_reason(data: str, code: int, reason: str) -> None:
    async with echo() as client:
        await client.connection.send(data)
        got_code, got_reason = await end_of(client)
        assert got_code == code
        assert reason in (got_reason if isinstance(got_reason, str) else repr(got_reason))


async def test_the_end_of_the_server_is_a_restart() -> None:
    async with served() as server, server.client("/echo/websocket") as client:
        await client.connection.recv()
        server.server.stop()
        assert await end_of(client) == (1012, ("shutdown", "restart"))


async def test_a_connection_may_be_refused() -> None:
    async with served() as server:
        with pytest.raises(InvalidStatus) as refused:
            async with server.client("/echo/websocket?token=bad"):
                pass
        assert refused.value.response.status_code == 403


async def request(server: Served, method: str, token: str = "", body: str = "") -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"{method} /echo/longpoll?token={token} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    await writer.wait_closed()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


async def test_long_poll_carries_the_same_frames() -> None:
    async with served() as server:
        token = (await request(server, "GET"))["token"]
        assert (await request(server, "POST", token, "slow"))["status"] == 200
        assert (await request(server, "GET", token))["messages"] == ["hello over longpoll", "slow"]
        await request(server, "POST", token, "stop")
        assert await asyncio.wait_for(Echo.ended.get(), PATIENCE_S) == "normal"


class _Pausing:
    kind = "websocket"

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.log: list[str] = []
        self.write = self.frames.append

    def buffered(self) -> int:
        return 1 << 30

    def close(self, code: int, reason: str = "") -> None:
        self.log.append(f"close {code}")

    def abort(self) -> None:
        self.log.append("abort")

    def pause_reading(self) -> None:
        self.log.append("pause")

    def resume_reading(self) -> None:
        self.log.append("resume")


async def test_a_client_faster_than_the_callbacks_is_read_no_further() -> None:
    transport = _Pausing()
    Echo.ended = asyncio.Queue()
    session = RawSession(Hub(), Echo(), transport)
    for _ in range(300):
        session.receive(b"a", False)
    assert transport.log == ["pause"]
    await session.settled()
    assert transport.log == ["pause", "resume"]
    assert len(transport.frames) == 301
    session.set_congested(True)
    session.receive(b"a", False)
    assert transport.log[2:] == ["abort"]


async def test_a_client_that_goes_before_the_beginning_is_forgotten() -> None:
    Echo.ended = asyncio.Queue()
    hub, transport = Hub(), _Pausing()
    session = RawSession(hub, Echo(), transport)
    session.lost()
    await asyncio.sleep(0)
    session.receive(b"a", False)
    assert (hub.stats.sessions, transport.frames, Echo.ended.empty()) == (0, [], True)


async def test_the_test_kit_says_that_it_is_for_channels() -> None:
    with pytest.raises(TypeError, match="no channels to test"):
        await connect(PhoenixSocket("/echo", Echo))
