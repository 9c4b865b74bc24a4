"""Bounds of uvicorn's HTTP protocol: heads, times, connections, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.support.eventually import eventually
from tests.support.phoenix.rawclient import TEXT, frame, open_websocket
from tests.support.phoenix.serving import Served, serve_app
from tickfire.phoenix import Hub, PhoenixSocket
from tickfire.server.limits import http as limited
from tickfire.server.limits.addresses import Proxies, parse_networks
from tickfire.server.limits.admission import MAX_GUESTS, Admission, Limits
from tickfire.server.limits.http import LimitedHTTP
from tickfire.server.limits.websocket import LimitedWebSocket

PATIENCE_S = 60.0
SOCKET = "/socket/websocket?vsn=2.0.0"
HEARTBEAT = b'[null,"1","phoenix","heartbeat",{}]'
LOOPBACK = Proxies(parse_networks("127.0.0.0/8"))


async def health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("well")


async def endless(request: Request) -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


async def peer(request: Request) -> PlainTextResponse:
    assert request.client is not None
    return PlainTextResponse(request.client.host)


@contextlib.asynccontextmanager
async def limits(**settings: Any) -> AsyncIterator[tuple[Served, Admission]]:
    """Serve within limits."""
    admission = Admission(Limits(**settings))
    app = Starlette(
        routes=[
            PhoenixSocket("/socket", hub=Hub()),
            Route("/healthz", health),
            Route("/peer", peer),
            Route("/endless", endless),
        ]
    )
    options: dict[str, Any] = {
        "http": partial(LimitedHTTP, admission),
        "ws": partial(LimitedWebSocket, admission),
        "forwarded_allow_ips": admission.limits.proxies.for_uvicorn(),
    }
    async with serve_app(app, **options) as served:
        yield served, admission
        served.server.stop()
    assert admission.connections == 0


def hurry(admission: Admission) -> None:
    """Let the next requests have hardly any time to be complete."""
    admission.limits = replace(admission.limits, handshake_s=0.05)


class Client:
    """A connection on which anything may be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def status(self) -> int | None:
        """Return the status of the next response, None once the connection is closed."""
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                line = await self._reader.readline()
                return int(line.split()[1]) if line else None
        return None

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.read()


@contextlib.asynccontextmanager
async def opened(served: Served) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


def get(path: str = "/healthz", *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "host: x", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


LONG = b"a" * 70_000


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        pytest.param([get("/" + "a" * 8_001)], 414, id="a long request line"),
        pytest.param([b"GET /", *[LONG] * 20], 414, id="a request line without an end"),
        pytest.param([b"GET /", *[b"a" * 100] * 500], 414, id="the same in small parts"),
        pytest.param([b"A" * 70_000], 400, id="a method without an end"),
        pytest.param([get("/healthz", "x: " + "a" * 10_001)], 431, id="a long header"),
        pytest.param([b"GET / HTTP/1.1\r\nx: ", *[LONG] * 20], 431, id="a header without an end"),
        pytest.param([b"GET / HTTP/1.1\r\n", *[LONG] * 20], 431, id="a name without an end"),
        pytest.param([get("/healthz", *["x: 1"] * 100)], 431, id="many headers"),
        pytest.param([b"GET / HTTP/1.1\r\n", *[b"x: y\r\n" * 99] * 9], 431, id="ever more headers"),
        pytest.param([b"\x16\x03\x01 hello\r\n\r\n"], 400, id="another protocol"),
        pytest.param([b"GET http://[:: HTTP/1.1\r\n\r\n"], 400, id="a bad address"),
        pytest.param([get("/healthz", "x: " + "a" * 9_000)], 200, id="as long as it may be"),
        pytest.param([b"\r\n\r\n" + get()], 200, id="blank lines before"),
        pytest.param([get("/healthz", "connection: upgrade", "upgrade: h2c")], 200, id="HTTP/2"),
    ],
)
async def test_the_head_of_a_request_is_bounded(parts: list[bytes], status: int) -> None:
    async with limits() as (served, _), opened(served) as client:
        for part in parts:
            await client.send(part)
        assert await client.status() == status


async def test_a_head_is_refused_before_the_rest_has_come() -> None:
    async with limits() as (served, admission), opened(served) as client:
        sending = asyncio.create_task(client.send(b"GET /" + b"a" * (100 << 20)))
        assert await client.status() == 414
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert admission.refusals.counts["request_line"] == 1


async def test_each_of_several_requests_is_bounded() -> None:
    async with limits() as (served, _), opened(served) as client:
        await client.send(get() + get("/healthz", "connection: close"))
        assert (await client.rest()).count(b"HTTP/1.1 200 OK") == 2
    async with limits() as (served, _), opened(served) as client:
        await client.send(get())
        assert await client.status() == 200
        await client.send(get("/" + "a" * 8_001))
        assert b"HTTP/1.1 414 " in await client.rest()


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\nconn", b"\r\n\r\n"],
    ids=["nothing", "half a line", "half a head", "blank lines"],
)
async def test_a_request_has_to_be_complete_in_time(sent: bytes) -> None:
    async with limits(handshake_s=0.05) as (served, admission), opened(served) as client:
        await client.send(sent)
        assert await client.status() == 408
        assert admission.refusals.counts["handshake_timeout"] == 1


async def test_so_does_a_second_request() -> None:
    async with limits() as (served, admission), opened(served) as client:
        await client.send(get())
        assert await client.status() == 200
        hurry(admission)
        await client.send(b"GET / HT")
        assert b"HTTP/1.1 408 " in await client.rest()
        assert admission.refusals.counts["handshake_timeout"] == 1


async def test_a_response_has_no_deadline_but_must_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limited, "STALL_S", 0.05)
    async with limits() as (served, admission), opened(served) as client:
        await client.send(get())
        assert await client.status() == 200
        hurry(admission)
        await client.send(get("/endless"))
        await eventually(
            lambda: bool(admission.refusals.counts["stalled_response"]), "the client is dropped"
        )
        await eventually(lambda: admission.connections == 0, "its connection has ended")


async def test_a_websocket_is_counted_until_it_ends() -> None:
    async with limits() as (served, admission):
        socket, step = await open_websocket("c", "127.0.0.1", served.port, SOCKET)
        assert socket is not None, step
        assert admission.connections == 1
        await socket.send(frame(TEXT, HEARTBEAT))
        assert (await socket.next(PATIENCE_S) or {})["op"] != "eof"
        await socket.end()
        await eventually(lambda: admission.connections == 0, "it is discounted")


async def test_so_is_one_that_is_refused() -> None:
    async with limits() as (served, admission):
        for path in ("/none", "/socket/websocket?vsn=9.0.0"):
            socket, step = await open_websocket("c", "127.0.0.1", served.port, path)
            assert socket is None, step
        await eventually(lambda: admission.connections == 0, "they are discounted")


async def test_so_is_one_with_a_body_to_a_route_that_is_none() -> None:
    async with limits() as (served, admission):
        headers = {"Content-Length": "9"}
        socket, step = await open_websocket("c", "127.0.0.1", served.port, "/none", headers=headers)
        assert socket is None and step["status"] == 400
        await eventually(lambda: not served.server.server_state.connections, "it has ended")
        assert admission.connections == 0


# --- beyond the limits
@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let guests have much time for their requests."""
    monkeypatch.setattr(limited, "GUEST_S", PATIENCE_S)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"max_connections": 3}, 503),
        ({"max_per_address": 3, "limit_loopback": True}, 429),
    ],
    ids=["in all", "of an address"],
)
async def test_beyond_the_limit_only_health_is_told(
    settings: dict[str, Any], status: int, patient: None
) -> None:
    async with limits(**settings) as (served, admission), contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(opened(served))
        await eventually(lambda: admission.connections == 3, "three are admitted")
        for path, told in (("/healthz", 200), ("/peer", status), (SOCKET, status)):
            async with opened(served) as guest:
                await guest.send(get(path))
                assert await guest.status() == told
        socket, step = await open_websocket("c", "127.0.0.1", served.port, SOCKET)
        assert socket is None and step["status"] == status


async def test_a_silent_guest_is_told_soon() -> None:
    async with limits(max_connections=1) as (served, _), opened(served), opened(served) as guest:
        assert await guest.status() == 503


async def test_guests_do_not_keep_health_checks_out(patient: None) -> None:
    async with limits(max_connections=1) as (served, _), contextlib.AsyncExitStack() as stack:
        for _ in range(2 * MAX_GUESTS):
            await stack.enter_async_context(opened(served))
        async with opened(served) as guest:
            await guest.send(get())
            assert await guest.status() == 200


async def test_loopback_is_unlimited_by_default() -> None:
    async with limits(max_per_address=1) as (served, _), opened(served), opened(served) as client:
        await client.send(get())
        assert await client.status() == 200


# --- proxies
FORWARDED = "x-forwarded-for"


async def test_a_proxys_clients_are_counted_by_their_own_addresses() -> None:
    async with limits(max_per_address=1, proxies=LOOPBACK) as (served, admission):
        sockets = []
        for name in ("203.0.113.1", "203.0.113.2"):
            headers = {FORWARDED: f"6.6.6.6, {name}"}
            socket, step = await open_websocket(
                "c", "127.0.0.1", served.port, SOCKET, headers=headers
            )
            assert socket is not None, step
            sockets.append(socket)
        socket, step = await open_websocket("c", "127.0.0.1", served.port, SOCKET, headers=headers)
        assert socket is None and step["status"] == 429
        for socket in sockets:
            await socket.end()
        await eventually(lambda: admission.connections == 0, "all are discounted")
        socket, step = await open_websocket("c", "127.0.0.1", served.port, SOCKET, headers=headers)
        assert socket is not None
        await socket.end()


@pytest.mark.parametrize(("proxies", "seen"), [(Proxies(), "127.0.0.1"), (LOOPBACK, "1.2.3.4")])
async def test_only_a_trusted_proxy_names_the_client(proxies: Proxies, seen: str) -> None:
    async with limits(proxies=proxies) as (served, _), opened(served) as client:
        await client.send(get("/peer", f"{FORWARDED}: 1.2.3.4", "connection: close"))
        assert (await client.rest()).endswith(seen.encode())


# --- the log
async def test_a_flood_of_refusals_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with limits() as (served, admission):
        for _ in range(20):
            async with opened(served) as client:
                await client.send(b"nonsense\r\n\r\n")
                assert await client.status() == 400
        assert admission.refusals.counts["bad_request"] == 20
    assert len(caplog.messages) == 1 and "not valid HTTP" in caplog.messages[0]


async def test_requests_sent_ahead_are_bounded() -> None:
    async with limits() as (served, admission), opened(served) as client:
        await client.send(get("/endless") + get() * 1_000)
        await eventually(lambda: admission.refusals.counts["pipeline"] == 1, "it is refused")
        await eventually(lambda: admission.connections == 0, "the client is dropped")
    async with limits() as (served, _), opened(served) as client:
        await client.send(get() * 10 + get("/healthz", "connection: close"))
        assert (await client.rest()).count(b"HTTP/1.1 200 OK") == 11


async def test_no_websocket_begins_while_a_response_is_sent() -> None:
    async with limits() as (served, _), opened(served) as client:
        upgrade = ("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13")
        await client.send(get("/endless") + get(SOCKET, *upgrade, "sec-websocket-key: eHh4"))
        assert len(await client.rest()) < 1 << 24
