"""One node of a cluster, as a process: `python -m tests.support.phoenix.node REDIS_PORT`.

Prints the port on which it serves /socket, and ends with its standard input. Clients name
themselves by the param `user`; rooms broadcast what they are told.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import redis.asyncio
from starlette.applications import Starlette

from tests.support.phoenix.serving import serve_app
from tickfire.phoenix import Channel, ConnectInfo, Hub, PhoenixSocket, PubSub, Socket, UserSocket
from tickfire.phoenix.pubsub.redis import RedisAdapter


class Room(Channel):
    """Channel that broadcasts its clients' messages."""

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> None:
        await socket.broadcast(event, payload)


class User(UserSocket):
    """User with the name that the client states."""

    channels = {"room:*": Room}  # noqa: RUF012

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        self.assigns["user"] = params["user"]
        return True

    def id(self) -> str:
        return f"users:{self.assigns['user']}"


async def run(redis_port: int) -> None:
    """Serve until standard input ends."""
    client = redis.asyncio.Redis(port=redis_port)
    hub = Hub()
    app = Starlette(routes=[PhoenixSocket("/socket", User, hub=hub)])
    async with PubSub(hub, RedisAdapter(client)), serve_app(app) as served:
        sys.stdout.write(f"{served.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
