"""Several processes, or machines, as one: PubSub over Redis. `WORKERS=4 python workers.py`."""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import redis.asyncio
import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    Hub,
    LongPollOptions,
    PhoenixProtocol,
    PhoenixSocket,
    Presence,
    PubSub,
    Reply,
    Socket,
    UserSocket,
)
from tickfire.phoenix.pubsub.redis import RedisAdapter

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

hub = Hub()
presence = Presence(hub)


class Room(Channel):
    """One user in one room, wherever the others are connected."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        """Let everybody in."""
        socket.send_info(str(payload["name"]))

    async def handle_info(self, message: Any, socket: Socket) -> None:
        """Be present on all nodes."""
        presence.track(socket, message, {"pid": os.getpid()})
        socket.push("presence_state", await presence.list(socket.topic))

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Tell everybody, on all nodes."""
        await socket.broadcast(event, payload)
        return Reply()


class User(UserSocket):
    """One connection."""

    channels: ClassVar = {"room:*": Room}


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Be linked to the other nodes while this one serves."""
    client = redis.asyncio.Redis.from_url(REDIS_URL)
    async with contextlib.aclosing(client), PubSub(hub, RedisAdapter(client)), presence:
        yield


# One secret on all nodes: then a long-poll request may reach any of them.
secret = os.environ.get("SECRET_KEY_BASE", "only for development")
socket = PhoenixSocket("/socket", User, hub=hub, longpoll=LongPollOptions(), secret=secret)
app = Starlette(routes=[socket], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(
        "workers:app",
        port=int(os.environ.get("PORT", "8000")),
        workers=int(os.environ.get("WORKERS", "2")),
        ws=PhoenixProtocol,
    )
