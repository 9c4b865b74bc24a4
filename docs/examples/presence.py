"""A list of the users in a room: `python presence.py`. phoenix.js's `Presence` keeps it."""

import os
import time
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette

from tickfire.phoenix import (
    Channel,
    Hub,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Presence,
    Presences,
    Reply,
    Socket,
    UserSocket,
    event,
)

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


class Typing(msgspec.Struct):
    """The payload of `typing`."""

    typing: bool


class Room(Channel):
    """One user in one room."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        """Accept everybody, and continue in `handle_info` once the client has its reply."""
        socket.send_info("joined")

    async def handle_info(self, message: Any, socket: Socket) -> None:
        """Track the user, and send the client the list of those present."""
        user_id = socket.assigns["user_id"]
        presence.track(socket, user_id, {"since": int(time.time()), "typing": False})
        socket.push("presence_state", await presence.list(socket.topic))

    @event("typing")
    async def typing(self, payload: Typing, socket: Socket) -> Reply:
        """Change the user's metadata."""
        user_id = socket.assigns["user_id"]
        presence.update(socket, user_id, lambda meta: {**meta, "typing": payload.typing})
        return Reply()


class User(UserSocket):
    """One connection of a user who states a user id; tokens.py shows one who proves it."""

    async def connect(self, params: dict[str, Any], info: Any) -> bool:
        """Accept any user id."""
        self.assigns["user_id"] = params.get("user_id")
        return isinstance(params.get("user_id"), str)


app = Starlette(routes=[PhoenixSocket("/socket", User, channels={"room:*": Room}, hub=hub)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
