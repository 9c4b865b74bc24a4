"""`PhoenixHTTP` answers every request as uvicorn's protocol does, in whatever parts it comes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route

from tests.support.phoenix.rawclient import TEXT, frame
from tests.support.phoenix.serving import PATIENCE_S, Served, serve_app
from tickfire.phoenix import Channel, PhoenixHTTP, PhoenixSocket

KEY = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = ("connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", KEY)
TARGET = "/socket/websocket?vsn=2.0.0"
HEARTBEAT = frame(TEXT, b'[null,"1","phoenix","heartbeat",{}]')


async def echo(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"{request.method} {request.url.path} {len(body)}")


def app() -> Starlette:
    socket = PhoenixSocket("/socket", channels={"room:*": Channel})
    return Starlette(routes=[socket, Route("/echo", echo, methods=["GET", "POST"])])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[tuple[Served, Served]]:
    """Serve by uvicorn's protocol, and by ours."""
    async with (
        serve_app(app(), http="httptools") as stock,
        serve_app(app(), http=PhoenixHTTP) as ours,
    ):
        yield stock, ours


async def exchange(served: Served, parts: list[bytes]) -> bytes:
    """Send parts one after the other; return what comes back, until the server says no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        for part in parts:
            if part is HEARTBEAT:
                received = await reader.readuntil(b"\r\n\r\n")
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        if HEARTBEAT in parts:
            while b"phx_reply" not in received and (data := await reader.read(65_536)):
                received += data
        else:
            writer.write_eof()
            received = await reader.read()
    writer.transport.abort()
    return re.sub(rb"(?m)^date: .*\r\n", b"", received)


def request(*headers: str, target: str = TARGET, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "host: localhost", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([request(*UPGRADE), HEARTBEAT], id="a whole request"),
        pytest.param([request(*UPGRADE)[:40], request(*UPGRADE)[40:], HEARTBEAT], id="in parts"),
        pytest.param([request(*UPGRADE, "cookie: " + "a" * 8_500), HEARTBEAT], id="a long request"),
        pytest.param(
            [request(*UPGRADE[1:], "connection: keep-alive, Upgrade"), HEARTBEAT], id="as Firefox"
        ),
        pytest.param([request(*UPGRADE, target="/socket/websocket?vsn=9.0.0")], id="refused"),
        pytest.param([request(*UPGRADE, target="/other")], id="another path"),
        pytest.param([request(*UPGRADE, method="POST")], id="another method"),
        pytest.param([request(*UPGRADE[:3])], id="without a key"),
        pytest.param([request(*UPGRADE, "content-length: 0"), HEARTBEAT], id="with a length"),
        pytest.param([request(*UPGRADE).replace(b"HTTP/1.1", b"HTTP/1.0")], id="HTTP/1.0"),
        pytest.param([request(*UPGRADE, "bad header")], id="a malformed header"),
        pytest.param([request(*UPGRADE, target="/socket/websocket?" + "a" * 9_000)], id="too long"),
        pytest.param([request(target="/echo")], id="plain HTTP"),
        pytest.param([request("connection: upgrade", "upgrade: h2c", target="/echo")], id="HTTP/2"),
        pytest.param(
            [request("content-length: 3", target="/echo", method="POST"), b"abc"], id="a body"
        ),
        pytest.param([request(target="/echo") * 2], id="two requests at once"),
        pytest.param([b"\x16\x03\x01 hello\r\n\r\n"], id="another protocol"),
        pytest.param([b"GET /"], id="the end of the connection within a request"),
        pytest.param([], id="nothing"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_it_answers_as_uvicorns_own_protocol(
    both: tuple[Served, Served], parts: list[bytes]
) -> None:
    stock, ours = [await exchange(served, parts) for served in both]
    assert ours == stock


@pytest.mark.parametrize("mounted", ["/socket", "", "/a/b", "/{tenant}/socket"])
@pytest.mark.parametrize("root_path", ["", "/desk"])
@pytest.mark.parametrize(
    "path",
    ["/socket/websocket", "/socketry", "/socket/", "/a/b/c", "/x/socket/y", "/", "/desk/socket/y"],
)
def test_a_path_matches_as_that_of_a_mount(mounted: str, root_path: str, path: str) -> None:
    scope = {"type": "websocket", "path": path, "root_path": root_path, "path_params": {"a": "b"}}
    socket = PhoenixSocket(mounted)
    mount = Mount(mounted, app=socket.app)
    assert socket.matches(scope) == mount.matches(scope)


def test_the_path_of_a_socket_itself_matches() -> None:
    match, _ = PhoenixSocket("/socket").matches({"type": "http", "path": "/socket"})
    assert match is Match.FULL
