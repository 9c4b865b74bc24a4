"""A server for clients of Supabase Realtime: `python -m tests.conformance.clients.supabase_app`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tickfire.phoenix import Hub, JoinError, PhoenixProtocol, Presence, Socket, V1Serializer
from tickfire.phoenix.contrib.supabase import (
    RealtimeChannel,
    SupabaseSerializer,
    broadcast,
    realtime_socket,
)

KEY = "anon-key"


class Realtime(RealtimeChannel):
    """Channel that requires a token if its name begins with `private-`."""

    def is_private(self, name: str) -> bool:
        return name.startswith("private-")

    async def authorize(self, name: str, token: str | None, socket: Socket) -> None:
        if token != "good":
            raise JoinError({"reason": f"Unauthorized: no access to {name}"})


def build_app() -> Starlette:
    """Return the app, with a hub of its own."""
    hub = Hub((V1Serializer(), SupabaseSerializer()))

    async def send(request: Request) -> JSONResponse:
        """Broadcast from the server: {channel, event, payload | bytes}."""
        message = await request.json()
        data = bytes(message["bytes"]) if "bytes" in message else message["payload"]
        await broadcast(hub, message["channel"], message["event"], data)
        return JSONResponse({})

    return Starlette(
        routes=[
            realtime_socket(hub, Presence(hub), api_keys=["other", KEY], channel=Realtime),
            Route("/send", send, methods=["POST"]),
        ]
    )


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write("listening\n")
            sys.stdout.flush()


def main() -> None:
    """Serve until a signal; print `listening` when ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    config = uvicorn.Config(
        build_app(), port=parser.parse_args().port, ws=PhoenixProtocol, log_level="critical"
    )
    _Server(config).run()


if __name__ == "__main__":
    main()
