"""A server for `@supabase/realtime-js`: `python supabase.py`.

Connect with `new RealtimeClient("ws://localhost:8000/realtime/v1", {params: {apikey: "public"}})`.
"""

import os

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tickfire.phoenix import (
    Hub,
    JoinError,
    PhoenixHTTP,
    PhoenixProtocol,
    Presence,
    Socket,
    V1Serializer,
)
from tickfire.phoenix.contrib.supabase import (
    RealtimeChannel,
    SupabaseSerializer,
    broadcast,
    realtime_socket,
)

JWT_SECRET = os.environ.get("JWT_SECRET", "only for development: 32 bytes or more")


class Realtime(RealtimeChannel):
    """Channels; only the user NAME may join `user-NAME`."""

    def is_private(self, name: str) -> bool:
        """Make the channels of users private."""
        return name.startswith("user-")

    async def authorize(self, name: str, token: str | None, socket: Socket) -> float | None:
        """Accept a JSON Web Token of the user, until it expires."""
        try:
            claims = jwt.decode(token or "", JWT_SECRET, ["HS256"], options={"require": ["exp"]})
        except jwt.InvalidTokenError as error:
            raise JoinError({"reason": f"Unauthorized: {error}"}) from None
        if name != f"user-{claims.get('sub')}":
            raise JoinError({"reason": "Unauthorized: the channel is another user's"})
        return float(claims["exp"])


hub = Hub((V1Serializer(), SupabaseSerializer()))
presence = Presence(hub)


async def announce(request: Request) -> JSONResponse:
    """Broadcast from the server."""
    await broadcast(hub, request.path_params["channel"], "announcement", await request.json())
    return JSONResponse({}, 202)


app = Starlette(
    routes=[
        realtime_socket(hub, presence, api_keys=["public"], channel=Realtime),
        Route("/announce/{channel}", announce, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), http=PhoenixHTTP, ws=PhoenixProtocol)
