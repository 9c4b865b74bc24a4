"""Phoenix Channels for ASGI: what a Phoenix client connects to, in any Starlette or FastAPI app.

::

    class Room(Channel):
        async def join(self, topic, payload, socket):
            return {"welcome": topic}

        async def handle_in(self, event, payload, socket):
            await socket.broadcast(event, payload)
            return Reply()

    class User(UserSocket):
        channels = {"room:*": Room}

    hub = Hub()
    app = Starlette(routes=[PhoenixSocket("/socket", User, hub=hub)])
    uvicorn.run(app, ws=PhoenixProtocol)
"""

from __future__ import annotations

from tickfire.phoenix.auth.jwt import JWTSetupError, JWTVerifier
from tickfire.phoenix.auth.token import (
    ExpiredTokenError,
    InvalidTokenError,
    MissingTokenError,
    Token,
    TokenError,
)
from tickfire.phoenix.channel import Channel
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.endpoint import PhoenixSocket, WebSocketOptions, not_found
from tickfire.phoenix.errors import (
    ConnectError,
    DecodeError,
    JoinError,
    PhoenixError,
    ResultError,
)
from tickfire.phoenix.presence import Presence
from tickfire.phoenix.pubsub import PubSub
from tickfire.phoenix.results import NoReply, Reply, Stop
from tickfire.phoenix.socket import Socket, SocketRef
from tickfire.phoenix.transports.handshake import Refusal
from tickfire.phoenix.transports.longpoll import LongPollOptions
from tickfire.phoenix.transports.uvicorn.protocol import PhoenixProtocol
from tickfire.phoenix.user_socket import ConnectInfo, UserSocket
from tickfire.phoenix.wire.frames import frame_binary, frame_text
from tickfire.phoenix.wire.serializers import Serializer, V1Serializer, V2Serializer

__all__ = [
    "Channel",
    "ConnectError",
    "ConnectInfo",
    "DecodeError",
    "ExpiredTokenError",
    "Hub",
    "InvalidTokenError",
    "JWTSetupError",
    "JWTVerifier",
    "JoinError",
    "LongPollOptions",
    "MissingTokenError",
    "NoReply",
    "PhoenixError",
    "PhoenixProtocol",
    "PhoenixSocket",
    "Presence",
    "PubSub",
    "Refusal",
    "Reply",
    "ResultError",
    "Serializer",
    "Socket",
    "SocketRef",
    "Stop",
    "Token",
    "TokenError",
    "UserSocket",
    "V1Serializer",
    "V2Serializer",
    "WebSocketOptions",
    "frame_binary",
    "frame_text",
    "not_found",
]
