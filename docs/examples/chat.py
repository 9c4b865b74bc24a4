"""A chat: `python chat.py`, then connect phoenix.js to ws://localhost:8000/socket."""

import os
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    Hub,
    JoinError,
    LongPollOptions,
    PhoenixProtocol,
    PhoenixSocket,
    Reply,
    Socket,
    UserSocket,
)


class Room(Channel):
    """One user in one room."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> dict[str, Any]:
        """Accept clients that give a name."""
        match payload:
            case {"name": str(name)} if name:
                socket.assigns["name"] = name
                return {"room": topic.removeprefix("room:")}
        raise JoinError({"reason": "a name is needed"})

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Pass a message on to everybody in the room."""
        match event, payload:
            case "message", {"text": str(text)}:
                message = {"from": socket.assigns["name"], "text": text}
                await socket.broadcast("message", message)
                return Reply()
        return Reply({"reason": f"cannot handle {event}"}, "error")


class User(UserSocket):
    """One connection."""

    channels: ClassVar = {"room:*": Room}


hub = Hub()
app = Starlette(routes=[PhoenixSocket("/socket", User, hub=hub, longpoll=LongPollOptions())])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), ws=PhoenixProtocol)
