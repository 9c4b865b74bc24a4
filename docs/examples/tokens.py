"""Sockets of logged-in users, closed at their logout: `python tokens.py`."""

import os
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tickfire.phoenix import (
    Channel,
    ConnectInfo,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Socket,
    Token,
    TokenError,
    UserSocket,
)

PASSWORDS = {"ann": "secret"}  # stands for a database
TWO_WEEKS_S = 14 * 86_400

# Use a Phoenix application's secret_key_base here to share tokens with it.
token = Token(os.environ.get("SECRET_KEY_BASE", "only for development"), "user socket")


class Inbox(Channel):
    """A user's own topic."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> dict[str, Any]:
        """Answer with the user of the token."""
        return {"user": socket.assigns["user"]}


class User(UserSocket):
    """One connection of a user with a token."""

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        """Accept the `authToken` of phoenix.js, or the param `token` of older clients."""
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
    await socket.hub.disconnect(f"users:{user}")
    return JSONResponse({})


socket = PhoenixSocket("/socket", User, channels={"inbox": Inbox}, auth_token=True)
app = Starlette(
    routes=[
        Route("/login", login, methods=["POST"]),
        Route("/logout/{user}", logout, methods=["POST"]),
        socket,
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
