"""The app behind the transcripts: `python -m tests.conformance.app --port 4000`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tests.conformance.channels import MarketChannel, PresenceChannel, RoomChannel
from tickfire.phoenix import (
    ConnectError,
    ConnectInfo,
    Hub,
    LongPollOptions,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Presence,
    Refusal,
    UserSocket,
    WebSocketOptions,
    not_found,
)
from tickfire.phoenix.user_socket import ChannelFactory

TIME_SCALE = 2
"""Times of /socket_short, and the waits of its transcripts, are this many times those recorded.

A machine that is busy with other things may stand still for a part of a second.
"""
ORIGINS = ["//allowed.example", "//*.wild.example"]


class TestUserSocket(UserSocket):
    """User socket that accepts nearly all connections."""

    def __init__(self, channels: Mapping[str, ChannelFactory]) -> None:
        super().__init__()
        self.channels = channels

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        if params.get("token") == "bad":
            return False
        if params.get("reason") == "rate":
            raise ConnectError("rate_limited")
        if params.get("reason") == "map":
            raise ConnectError({"reason": "map"})
        self.assigns["user_id"] = params.get("user_id")
        return True

    def id(self) -> str | None:
        user_id = self.assigns["user_id"]
        return None if user_id is None else f"users:{user_id}"


class MaxSocket(UserSocket):
    """User socket that accepts all connections, with a low limit of channels."""

    channels: ClassVar = {"room:*": RoomChannel}


class TokenSocket(UserSocket):
    """User socket that requires one of two auth tokens."""

    channels: ClassVar = {"room:*": RoomChannel}

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        return info.auth_token in ("good", "other=good/+?")


def explain_refusal(reason: Any) -> Refusal:
    """Turn the reason of a refused connection into a response."""
    if reason == "rate_limited":
        return Refusal(429, b"Too many requests")
    return Refusal(403, b"no")


def build_app(on_startup: Callable[[], None] = lambda: None) -> ASGIApp:
    """Return the app, with a hub of its own."""
    hub = Hub()
    presence = Presence(hub)
    channels: dict[str, ChannelFactory] = {
        "market:*": MarketChannel,
        "room:*": RoomChannel,
        "exact": RoomChannel,
        "presence:*": lambda: PresenceChannel(presence),
    }

    def user_socket() -> UserSocket:
        return TestUserSocket(channels)

    def socket(
        path: str, user: Callable[[], UserSocket] = user_socket, **options: Any
    ) -> PhoenixSocket:
        return PhoenixSocket(path, user, hub=hub, **options)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        on_startup()
        yield

    routes = [
        socket("/socket", longpoll=LongPollOptions()),
        socket(
            "/socket_short",
            websocket=WebSocketOptions(idle_timeout_s=1.5 * TIME_SCALE),
            longpoll=LongPollOptions(
                window_s=0.4 * TIME_SCALE,
                pubsub_timeout_s=0.5 * TIME_SCALE,
                token_max_age_s=2.0 * TIME_SCALE,
            ),
        ),
        socket("/socket_auth", TokenSocket, auth_token=True, longpoll=LongPollOptions()),
        socket("/socket_small", websocket=WebSocketOptions(max_frame_size=1_000)),
        socket("/socket_origin", check_origin=ORIGINS, longpoll=LongPollOptions()),
        socket("/socket_noorigin", check_origin=False, longpoll=LongPollOptions()),
        socket(
            "/socket_handler",
            websocket=WebSocketOptions(
                subprotocols=("phx.a", "phx.b"), error_handler=explain_refusal
            ),
        ),
        socket("/socket_max", MaxSocket, max_channels=2),
        socket("/socket_compress", websocket=WebSocketOptions(compress=True)),
        socket(
            "/socket_path/:tenant",
            websocket=WebSocketOptions(path="/ws"),
            longpoll=LongPollOptions(path="/lp"),
        ),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.router.redirect_slashes = False
    app.router.default = not_found
    return app


def main() -> None:
    """Serve until a signal; print `listening` when ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log-level", default="critical")
    arguments = parser.parse_args()
    logging.basicConfig(level=arguments.log_level.upper())
    config = uvicorn.Config(
        build_app(),
        host="127.0.0.1",
        port=arguments.port,
        http=PhoenixHTTP,
        ws=PhoenixProtocol,
        loop="uvloop",
        log_level=arguments.log_level,
        backlog=4096,
    )
    _Server(config).run()


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write("listening\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
