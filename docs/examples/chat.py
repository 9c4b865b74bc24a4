"""A chat: `python chat.py`, then connect phoenix.js to ws://localhost:8000/socket."""

import os
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    JoinError,
    LongPollOptions,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Reply,
    Socket,
    event,
)


class Message(msgspec.Struct):
    """The payload of a message."""

    text: str


class Room(Channel):
    """One user in one room."""

    async def join(self, topic: str, payload: Any, socket: Socket, room_id: str) -> dict[str, Any]:
        """Accept clients that give a name."""
        match payload:
            case {"name": str(name)} if name:
                socket.assigns["name"] = name
                return {"room": room_id}
        raise JoinError({"reason": "a name is needed"})

    @event("message")
    async def message(self, payload: Message, socket: Socket) -> Reply:
        """Pass a message on to everybody in the room."""
        await socket.broadcast("message", {"from": socket.assigns["name"], "text": payload.text})
        return Reply()

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Refuse all other events."""
        return Reply({"reason": f"cannot handle {event}"}, "error")


socket = PhoenixSocket("/socket", channels={"room:{room_id}": Room}, longpoll=LongPollOptions())
app = Starlette(routes=[socket])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
