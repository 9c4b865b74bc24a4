"""A reverse proxy that serves a server below a path, for HTTP and WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.http import http_client

NO_REUSE: Final = httpx.Limits(max_keepalive_connections=0)
"""The server may close an idle connection just as a request is sent on it."""
TIMEOUT_S: Final = 60
HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "upgrade"}


def proxy_app(upstream: int, prefix: str, *, strip: bool) -> Starlette:
    """Return the proxy of the server on a port; what is not below `prefix` is not found.

    Parameters
    ----------
    upstream : int
        The server's port.
    prefix : str
        The path, such as ``/desk``.
    strip : bool
        True if requests are passed on without the prefix.
    """

    def target(path: str, query: str) -> str:
        return (path.removeprefix(prefix) if strip else path) + (f"?{query}" if query else "")

    async def serve_http(request: Request) -> Response:
        url = target(request.url.path, request.url.query)
        if not url.startswith("/"):
            return PlainTextResponse("not here", 404)
        client: httpx.AsyncClient = request.app.state.client
        headers = [(name, value) for name, value in request.headers.raw if name != b"connection"]
        passed = client.build_request(
            request.method, f"http://127.0.0.1:{upstream}{url}", headers=headers
        )
        answer = await client.send(passed, stream=True)
        response = StreamingResponse(answer.aiter_raw(), answer.status_code)
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode().lower() not in HOP_BY_HOP
        ]
        return response

    async def serve_websocket(websocket: WebSocket) -> None:
        url = target(websocket.url.path, websocket.url.query)
        uri = f"ws://127.0.0.1:{upstream}{url}"
        origin: Any = websocket.headers["origin"]
        async with connect(uri, origin=origin, max_size=None) as server:
            await websocket.accept()
            await _both(websocket, server)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with http_client(limits=NO_REUSE, timeout=TIMEOUT_S) as client:
            app.state.client = client
            yield

    routes: list[Any] = [
        WebSocketRoute(prefix + "/{path:path}", serve_websocket),
        Route(prefix + "/{path:path}", serve_http),
        Route(prefix, serve_http),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _both(client: WebSocket, server: ClientConnection) -> None:
    tasks = [asyncio.create_task(_up(client, server)), asyncio.create_task(_down(client, server))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _up(client: WebSocket, server: ClientConnection) -> None:
    with contextlib.suppress(WebSocketDisconnect, ConnectionClosed):
        while True:
            message = await client.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            await server.send(message["bytes"] if text is None else text)


async def _down(client: WebSocket, server: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for data in server:
            if isinstance(data, str):
                await client.send_text(data)
            else:
                await client.send_bytes(data)
