"""A real uvicorn in the test's own event loop, and a client that speaks in messages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from tests.support.quick_server import QuickServer
from tickfire.phoenix import Hub, PhoenixProtocol, PhoenixSocket, UserSocket

PATIENCE_S = 60.0
SILENCE_S = 0.05


class Served:
    """A server that runs."""

    def __init__(self, server: QuickServer, port: int) -> None:
        self.server = server
        self.port = port

    def url(self, path: str = "/socket/websocket?vsn=2.0.0") -> str:
        """Return the address of a WebSocket."""
        return f"ws://127.0.0.1:{self.port}{path}"

    @contextlib.asynccontextmanager
    async def client(self, path: str = "/socket/websocket?vsn=2.0.0") -> AsyncIterator[Client]:
        """Connect."""
        async with connect(self.url(path), compression=None, ping_interval=None) as connection:
            yield Client(connection)


class Client:
    """One WebSocket; text frames are JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, *message: Any) -> None:
        """Send one V2 message, or a raw one."""
        data = message[0] if len(message) == 1 else json.dumps(message)
        await self.connection.send(data)

    async def receive(self) -> Any:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_S):
            data = await self.connection.recv()
        return data if isinstance(data, bytes) else json.loads(data)

    async def join(self, topic: str, params: Any = None, ref: str = "1") -> Any:
        """Join, and return the response."""
        await self.send(ref, ref, topic, "phx_join", {} if params is None else params)
        join_ref, got_ref, got_topic, event, payload = await self.receive()
        assert (join_ref, got_ref, got_topic, event) == (ref, ref, topic, "phx_reply")
        assert payload["status"] == "ok", payload
        return payload["response"]

    async def heard_nothing(self) -> None:
        """Fail if the server has said something: a heartbeat's answer must be the next."""
        await self.send(None, "quiet?", "phoenix", "heartbeat", {})
        assert await self.receive() == [
            None,
            "quiet?",
            "phoenix",
            "phx_reply",
            {"status": "ok", "response": {}},
        ]


@contextlib.asynccontextmanager
async def serve_app(app: Any, **options: Any) -> AsyncIterator[Served]:
    """Serve an ASGI application on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    chosen = {"ws": PhoenixProtocol, "lifespan": "off", **options}
    config = uvicorn.Config(app, log_config=None, **chosen)
    server = QuickServer(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await server.ready.wait()
        yield Served(server, listening.getsockname()[1])
    finally:
        server.stop()
        await running
        listening.close()


@contextlib.asynccontextmanager
async def serve(
    channels: Any, hub: Hub | None = None, server: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Served]:
    """Serve one socket at /socket with these channels; `server` are options of uvicorn."""

    def user_socket() -> UserSocket:
        user = UserSocket()
        user.channels = channels
        return user

    route = PhoenixSocket("/socket", user_socket, hub=hub or Hub(), **options)
    async with serve_app(Starlette(routes=[route]), **(server or {})) as served:
        yield served
