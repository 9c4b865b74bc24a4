"""Phoenix Channels for ASGI: serve Phoenix clients from a Starlette or FastAPI application.

::

    class Room(Channel):
        async def join(self, topic, payload, socket, room_id):
            return {"welcome": room_id}

        @event("shout")
        async def shout(self, payload, socket):
            await socket.broadcast("shout", payload)
            return Reply()

    app = Starlette(routes=[PhoenixSocket("/socket", channels={"room:{room_id}": Room})])
    uvicorn.run(app, http=PhoenixHTTP, ws=PhoenixProtocol)

Tokens, presence and pubsub are imported when they are first used, and so are `PhoenixHTTP`,
`PhoenixProtocol` and `RedisAdapter`, which need the extras `uvicorn` and `redis`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tickfire.phoenix.auth.csrf import csrf_token
from tickfire.phoenix.channel import Channel, event
from tickfire.phoenix.core.guard import Close, Guard
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.message_limits import MessageLimits
from tickfire.phoenix.core.raw_socket import PhoenixTransport, RawConnection
from tickfire.phoenix.endpoint import PhoenixSocket, not_found
from tickfire.phoenix.errors import (
    ConnectError,
    DecodeError,
    JoinError,
    PhoenixError,
    RefusalError,
    ResultError,
    SetupError,
)
from tickfire.phoenix.event_log import EventLog
from tickfire.phoenix.options import SocketOptions, WebSocketOptions
from tickfire.phoenix.results import NoReply, Reply, Stop
from tickfire.phoenix.socket import Socket, SocketRef
from tickfire.phoenix.transports.drain import DrainerOptions
from tickfire.phoenix.transports.handshake import Refusal
from tickfire.phoenix.transports.longpoll import LongPollOptions
from tickfire.phoenix.transports.origin import Origin, OriginRule
from tickfire.phoenix.user_socket import URI, ChannelFactory, ConnectInfo, UserSocket
from tickfire.phoenix.wire.frames import frame_binary, frame_text
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import (
    MessageSerializer,
    Serializer,
    V1Serializer,
    V2Serializer,
)

if TYPE_CHECKING:
    from tickfire.phoenix.auth.jwt import JWTSetupError, JWTVerifier
    from tickfire.phoenix.auth.token import (
        ExpiredTokenError,
        InvalidTokenError,
        MissingTokenError,
        Token,
        TokenError,
    )
    from tickfire.phoenix.presence import (
        AlreadyTrackedError,
        NotTrackedError,
        Presence,
        Presences,
    )
    from tickfire.phoenix.pubsub import Adapter, Deliver, MemoryAdapter, MemoryBus, PubSub
    from tickfire.phoenix.pubsub.redis import RedisAdapter as RedisAdapter
    from tickfire.phoenix.transports.uvicorn.http import PhoenixHTTP as PhoenixHTTP
    from tickfire.phoenix.transports.uvicorn.protocol import PhoenixProtocol as PhoenixProtocol

# Without the names that need an extra, so that `import *` works without it.
__all__ = [
    "URI",
    "Adapter",
    "AlreadyTrackedError",
    "Channel",
    "ChannelFactory",
    "Close",
    "ConnectError",
    "ConnectInfo",
    "DecodeError",
    "Deliver",
    "DrainerOptions",
    "EventLog",
    "ExpiredTokenError",
    "Guard",
    "Hub",
    "InvalidTokenError",
    "JWTSetupError",
    "JWTVerifier",
    "JoinError",
    "LongPollOptions",
    "MemoryAdapter",
    "MemoryBus",
    "Message",
    "MessageLimits",
    "MessageSerializer",
    "MissingTokenError",
    "NoReply",
    "NotTrackedError",
    "Origin",
    "OriginRule",
    "PhoenixError",
    "PhoenixSocket",
    "PhoenixTransport",
    "Presence",
    "Presences",
    "PubSub",
    "RawConnection",
    "Refusal",
    "RefusalError",
    "Reply",
    "ResultError",
    "Serializer",
    "SetupError",
    "Socket",
    "SocketOptions",
    "SocketRef",
    "Stop",
    "Token",
    "TokenError",
    "UserSocket",
    "V1Serializer",
    "V2Serializer",
    "WebSocketOptions",
    "csrf_token",
    "event",
    "frame_binary",
    "frame_text",
    "not_found",
]

_MODULES = {
    "auth.jwt": ("JWTSetupError", "JWTVerifier"),
    "auth.token": (
        "ExpiredTokenError",
        "InvalidTokenError",
        "MissingTokenError",
        "Token",
        "TokenError",
    ),
    "presence": ("AlreadyTrackedError", "NotTrackedError", "Presence", "Presences"),
    "pubsub": ("Adapter", "Deliver", "MemoryAdapter", "MemoryBus", "PubSub"),
    "pubsub.redis": ("RedisAdapter",),
    "transports.uvicorn.http": ("PhoenixHTTP",),
    "transports.uvicorn.protocol": ("PhoenixProtocol",),
}
_LAZY = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}
_EXTRAS = {"PhoenixHTTP": "uvicorn", "PhoenixProtocol": "uvicorn", "RedisAdapter": "redis"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if name not in _EXTRAS:
            raise
        text = f'{name} needs {error.name}: pip install "tickfire-phoenix[{_EXTRAS[name]}]"'
        raise SetupError(text) from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
