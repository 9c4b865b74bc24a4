"""Sockets that know the user of a session cookie: `python sessions.py`; needs itsdangerous."""

import os
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from tickfire.phoenix import (
    Channel,
    ConnectInfo,
    LongPollOptions,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Socket,
    UserSocket,
    csrf_token,
)

PASSWORDS = {"ann": "secret"}  # stands for a database

PAGE = """<!doctype html>
<meta name="csrf-token" content="{token}">
<title>Inbox</title>
<script type="module">
  import {{ Socket }} from "https://esm.sh/phoenix@1.8";
  const _csrf_token = document.querySelector("meta[name=csrf-token]").content;
  const socket = new Socket("/socket", {{ params: {{ _csrf_token }} }});
  socket.connect();
  socket.channel("inbox").join().receive("ok", ({{ user }}) => {{ document.title = user; }});
</script>
"""


class Inbox(Channel):
    """A user's own topic."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> dict[str, Any]:
        """Answer with the user of the session."""
        return {"user": socket.assigns["user"]}


class User(UserSocket):
    """One connection of a logged-in user."""

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        """Accept pages of this site whose user has logged in."""
        if info.session is None or "user" not in info.session:
            return False
        self.assigns["user"] = info.session["user"]
        return True


async def login(request: Request) -> JSONResponse:
    """Begin a session for the right password."""
    form = await request.json()
    if PASSWORDS.get(form["user"]) != form["password"]:
        return JSONResponse({"error": "wrong user or password"}, 403)
    request.session.clear()  # the CSRF token too, so that those of earlier pages end
    request.session["user"] = form["user"]
    return JSONResponse({})


async def page(request: Request) -> HTMLResponse:
    """Return the page that connects, with a CSRF token."""
    return HTMLResponse(PAGE.format(token=csrf_token(request)))


app = Starlette(
    routes=[
        Route("/", page),
        Route("/login", login, methods=["POST"]),
        PhoenixSocket("/socket", User, channels={"inbox": Inbox}, longpoll=LongPollOptions()),
    ],
    middleware=[
        Middleware(
            SessionMiddleware, secret_key=os.environ.get("SECRET_KEY_BASE", "only for development")
        )
    ],
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
