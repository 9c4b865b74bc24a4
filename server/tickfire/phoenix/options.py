"""Options of `PhoenixSocket`, and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, TypedDict

from tickfire.phoenix.auth.csrf import CSRF_TOKEN_KEY
from tickfire.phoenix.core.connection import DEFAULT_MAX_CHANNELS
from tickfire.phoenix.core.guard import Guard
from tickfire.phoenix.core.message_limits import MessageLimits
from tickfire.phoenix.core.session import DEFAULT_JOIN_TIMEOUT_S, DEFAULT_SEND_TIMEOUT_S
from tickfire.phoenix.transports.drain import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_INTERVAL_S,
    DrainerOption,
)
from tickfire.phoenix.transports.handshake import ErrorHandler
from tickfire.phoenix.transports.origin import OriginRule
from tickfire.phoenix.wire.serializers import Serializer

type SerializerOption = tuple[Serializer | Callable[[], Serializer], str]
"""A serializer, or its class, and the versions that it is for, such as ``~> 2.0.0``."""


@dataclass(frozen=True, slots=True)
class WebSocketOptions:
    """Options of the WebSocket transport of a socket.

    Attributes
    ----------
    path : str
        Path of the transport, appended to the socket's, with or without a leading slash. Its
        variables, `{room}` or `:room`, are among the connect params.
    idle_timeout_s : float or None
        Time without anything from the client, in seconds, after which a connection is closed.
        phoenix.js sends a heartbeat every 30 s.
    max_frame_size : int or None
        Largest frame that is accepted, in bytes. None, as in Phoenix, leaves `max_message_size`
        alone.
    max_message_size : int or None
        Largest message that is accepted, in bytes, all its frames together.
    subprotocols : sequence of str
        Subprotocols that are accepted, the preferred first.
    error_handler : callable, optional
        Makes the response when `connect` raises ConnectError, from its payload; by default the
        response is 403.
    compress : bool
        True to use permessage-deflate with clients that offer it.
    high_water, low_water : int
        A connection with more than `high_water` bytes to be sent counts as congested until it has
        fewer than `low_water`.
    drain_batch_size : int
        Number of connections that are closed at a time when the server shuts down, if the socket
        has no `drainer`.
    drain_interval_s : float
        Time between those batches, in seconds, likewise.
    """

    path: str = "/websocket"
    idle_timeout_s: float | None = 60.0
    max_frame_size: int | None = None
    max_message_size: int | None = 64 << 20
    subprotocols: Sequence[str] = ()
    error_handler: ErrorHandler | None = None
    compress: bool = False
    high_water: int = 128 << 10
    low_water: int = 32 << 10
    drain_batch_size: int = DEFAULT_BATCH_SIZE
    drain_interval_s: float = DEFAULT_INTERVAL_S


class SocketOptions(TypedDict, total=False):
    """Further keyword arguments of `PhoenixSocket`, all optional.

    Several sockets can share them: ``PhoenixSocket("/a", A, **options)``.
    """

    auth_token: bool
    """Accept a bearer token from the client (phoenix.js's `authToken`), for
    `ConnectInfo.auth_token`. False by default."""
    check_csrf: bool
    """Give `ConnectInfo.session` only to clients whose param ``_csrf_token`` is valid, see
    `csrf_token`. True by default. Without it, `check_origin` alone protects sessions."""
    check_origin: OriginRule
    """Rule for the pages that may connect, see `OriginRule`. True by default: those from `host`."""
    csrf_token_key: str
    """Key under which sessions keep their CSRF token. "_csrf_token" by default."""
    drainer: DrainerOption | None
    """`DrainerOptions` of the closing of connections when the server shuts down; False to leave
    them open, until uvicorn's ``timeout_graceful_shutdown``; or a function that returns either when
    the server shuts down. None, the default, takes the batches of `WebSocketOptions`."""
    guard: Guard | None
    """Function that is called with the user socket and each message of a client, before it is
    handled, and may refuse it, see `Guard`. None by default."""
    host: str
    """This site's own host, for `check_origin`. "localhost" by default."""
    join_timeout_s: float | None
    """Time limit of `Channel.join`, in seconds; None for no limit. A join that takes longer is
    cancelled and answered as one that failed, because it delays the client's other messages."""
    max_channels: int
    """Greatest number of topics that one connection may join at a time. 100 by default."""
    message_limits: MessageLimits | None
    """Limits of a client's messages beyond their size. None, as in Phoenix, by default."""
    send_timeout_s: float | None
    """Time in seconds after which a connection is closed with code 1013 and the reason "slow" if
    its client reads nothing, although more than `high_water` bytes wait for it. 30 by default; None
    for no limit."""
    name: str | None
    """Name of the route, for Starlette's `url_for`. None by default."""
    resources: Sequence[AbstractAsyncContextManager[object]]
    """Async context managers to enter before the first connection, such as a `PubSub` and a
    `Presence`, in this order. See `PhoenixSocket.lifespan`."""
    secret: str | bytes | None
    """Key that signs the tokens of long-poll sessions; the same on all nodes. Random by default,
    so that tokens are valid on one node until it restarts."""
    serializers: Sequence[SerializerOption] | None
    """Serializers of this socket, and the versions that each is for; the first that matches the
    param `vsn` is taken. None, the default, takes those of the hub. See `MessageSerializer`."""


DEFAULTS: Final[SocketOptions] = {
    "auth_token": False,
    "check_csrf": True,
    "check_origin": True,
    "csrf_token_key": CSRF_TOKEN_KEY,
    "drainer": None,
    "guard": None,
    "host": "localhost",
    "join_timeout_s": DEFAULT_JOIN_TIMEOUT_S,
    "max_channels": DEFAULT_MAX_CHANNELS,
    "message_limits": None,
    "send_timeout_s": DEFAULT_SEND_TIMEOUT_S,
    "name": None,
    "resources": (),
    "secret": None,
    "serializers": None,
}


def with_defaults(options: SocketOptions) -> SocketOptions:
    """Return the options with the defaults of those that are absent.

    Raises
    ------
    TypeError
        If there is no such option.
    """
    unknown = options.keys() - DEFAULTS.keys()
    if unknown:
        raise TypeError(f"PhoenixSocket has no option {', '.join(sorted(unknown))}")
    return {**DEFAULTS, **options}
