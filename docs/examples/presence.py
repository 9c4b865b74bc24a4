"""A list of the users in a room: `python presence.py`. phoenix.js's `Presence` keeps it."""

import os
import time
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    Hub,
    PhoenixProtocol,
    PhoenixSocket,
    Presence,
    Reply,
    Socket,
    UserSocket,
)
from tickfire.phoenix.presence import Presences

NAMES = {"1": "Ann", "2": "Bob"}  # stands for a database


class People(Presence):
    """Presences with the names of users."""

    async def fetch(self, topic: str, presences: Presences) -> Presences:
        """Look up all names of one list, or of one change, at once."""
        return {
            user_id: {**entry, "name": NAMES.get(user_id, "somebody")}
            for user_id, entry in presences.items()
        }


hub = Hub()
presence = People(hub)


class Room(Channel):
    """One user in one room."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        """Let everybody in, and go on in `handle_info` when the client has its reply."""
        socket.send_info("joined")

    async def handle_info(self, message: Any, socket: Socket) -> None:
        """Be present, and tell the client who else is."""
        user_id = socket.assigns["user_id"]
        presence.track(socket, user_id, {"since": int(time.time()), "typing": False})
        socket.push("presence_state", await presence.list(socket.topic))

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Change the user's metadata."""
        match event, payload:
            case "typing", {"typing": bool(typing)}:
                user_id = socket.assigns["user_id"]
                presence.update(socket, user_id, lambda meta: {**meta, "typing": typing})
                return Reply()
        return Reply({"reason": f"cannot handle {event}"}, "error")


class User(UserSocket):
    """One connection of a user who says who they are; see tokens.py for one that proves it."""

    channels: ClassVar = {"room:*": Room}

    async def connect(self, params: dict[str, Any], info: Any) -> bool:
        """Take any user id."""
        self.assigns["user_id"] = params.get("user_id")
        return isinstance(params.get("user_id"), str)


app = Starlette(routes=[PhoenixSocket("/socket", User, hub=hub)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), ws=PhoenixProtocol)
