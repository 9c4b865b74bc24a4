"""Sockets for users who have logged in, and which end when they log out: `python tokens.py`."""

import os
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tickfire.phoenix import (
    Channel,
    ConnectInfo,
    Hub,
    PhoenixProtocol,
    PhoenixSocket,
    Socket,
    Token,
    TokenError,
    UserSocket,
)

PASSWORDS = {"ann": "secret"}  # stands for a database
TWO_WEEKS_S = 14 * 86_400

# The secret_key_base of a Phoenix application, if its tokens are to be taken here and vice versa.
token = Token(os.environ.get("SECRET_KEY_BASE", "only for development"), "user socket")
hub = Hub()


class Inbox(Channel):
    """A user's own topic."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> dict[str, Any]:
        """Say who the token was for."""
        return {"user": socket.assigns["user"]}


class User(UserSocket):
    """One connection of a user with a token."""

    channels: ClassVar = {"inbox": Inbox}

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        """Take the `authToken` of phoenix.js, or the param `token` of older clients."""
        try:
            user = token.verify(info.auth_token or params.get("token"), max_age_s=TWO_WEEKS_S)
        except TokenError:
            return False
        self.assigns["user"] = user
        return True

    def id(self) -> str:
        """Name all connections of the user."""
        return f"users:{self.assigns['user']}"


async def login(request: Request) -> JSONResponse:
    """Return a token for the right password."""
    form = await request.json()
    if PASSWORDS.get(form["user"]) != form["password"]:
        return JSONResponse({"error": "wrong user or password"}, 403)
    return JSONResponse({"token": token.sign(form["user"])})


async def logout(request: Request) -> JSONResponse:
    """Close all connections of a user."""
    user = request.path_params["user"]
    await hub.broadcast_async(f"users:{user}", "disconnect", {})
    return JSONResponse({})


app = Starlette(
    routes=[
        Route("/login", login, methods=["POST"]),
        Route("/logout/{user}", logout, methods=["POST"]),
        PhoenixSocket("/socket", User, hub=hub, auth_token=True),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), ws=PhoenixProtocol)
