"""Several processes or machines linked by PubSub over Redis: `WORKERS=4 python workers.py`."""

import contextlib
import os
from typing import Any

import redis.asyncio
import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    Hub,
    LongPollOptions,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Presence,
    PubSub,
    RedisAdapter,
    Reply,
    Socket,
)

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

client = redis.asyncio.Redis.from_url(REDIS_URL)
hub = Hub()
presence = Presence(hub)


class Room(Channel):
    """One user in one room, wherever the others are connected."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        """Accept everybody."""
        socket.send_info(str(payload["name"]))

    async def handle_info(self, message: Any, socket: Socket) -> None:
        """Track the user on all nodes, and send the client the list of those present."""
        presence.track(socket, message, {"pid": os.getpid()})
        socket.push("presence_state", await presence.list(socket.topic))

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Pass every event on to the subscribers on all nodes."""
        await socket.broadcast(event, payload)
        return Reply()


# The same secret on all nodes: a long-poll request may then reach any of them.
secret = os.environ.get("SECRET_KEY_BASE", "only for development")
socket = PhoenixSocket(
    "/socket",
    channels={"room:*": Room},
    hub=hub,
    longpoll=LongPollOptions(),
    secret=secret,
    resources=[contextlib.aclosing(client), PubSub(hub, RedisAdapter(client)), presence],
)
app = Starlette(routes=[socket], lifespan=socket.lifespan)

if __name__ == "__main__":
    uvicorn.run(
        "workers:app",
        port=int(os.environ.get("PORT", "8000")),
        workers=int(os.environ.get("WORKERS", "2")),
        http=PhoenixHTTP,
        ws=PhoenixProtocol,
    )
