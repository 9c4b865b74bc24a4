"""`PhoenixSocket`: the route, or mounted application, that Phoenix clients connect to."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, Unpack

from starlette._utils import get_route_path
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from tickfire.phoenix.auth.csrf import CSRF_TOKEN_KEY
from tickfire.phoenix.core.connection import DEFAULT_MAX_CHANNELS
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import ChannelLike, Transport
from tickfire.phoenix.core.message_limits import MessageLimits
from tickfire.phoenix.core.routes import Routes, merge_channels
from tickfire.phoenix.core.session import DEFAULT_JOIN_TIMEOUT_S, Session, SessionConfig
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.transports.asgi import serve_websocket
from tickfire.phoenix.transports.drain import DEFAULT_BATCH_SIZE, DEFAULT_INTERVAL_S, Drainer
from tickfire.phoenix.transports.exchange import not_found, request_of, respond, upgrade_of
from tickfire.phoenix.transports.handshake import (
    BAD_METHOD,
    CRASHED,
    Accepted,
    ErrorHandler,
    Policy,
    Refusal,
    handshake,
    upgrade_fault,
)
from tickfire.phoenix.transports.idle import IdleWheel
from tickfire.phoenix.transports.longpoll import LongPollOptions
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.transports.origin import OriginRule, compile_check
from tickfire.phoenix.transports.resources import Resources
from tickfire.phoenix.user_socket import ChannelFactory, UserSocket
from tickfire.phoenix.wire.deflate import negotiate_deflate

if TYPE_CHECKING:
    from tickfire.phoenix.transports.longpoll.endpoint import LongPollEndpoint

__all__ = ["MessageLimits", "PhoenixSocket", "SocketOptions", "WebSocketOptions", "not_found"]

logger = logging.getLogger(__name__)

LONGPOLL_SALT = "phx longpoll"
SECRET_BYTES = 32

_PHOENIX_PARAM = re.compile(r"/:([A-Za-z_][A-Za-z0-9_]*)")
_NO_CHANNELS: Mapping[str, ChannelFactory] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WebSocketOptions:
    """Options of the WebSocket transport of a socket.

    Attributes
    ----------
    path : str
        Path of the transport, appended to the socket's.
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
        Number of connections that are closed at a time when the server shuts down.
    drain_interval_s : float
        Time between those batches, in seconds.
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
    host: str
    """This site's own host, for `check_origin`. "localhost" by default."""
    join_timeout_s: float | None
    """Time limit of `Channel.join`, in seconds; None for no limit. A join that takes longer is
    cancelled and answered as one that failed, because it delays the client's other messages."""
    max_channels: int
    """Greatest number of topics that one connection may join at a time. 100 by default."""
    message_limits: MessageLimits | None
    """Limits of a client's messages beyond their size. None, as in Phoenix, by default."""
    name: str | None
    """Name of the route, for Starlette's `url_for`. None by default."""
    resources: Sequence[AbstractAsyncContextManager[object]]
    """Async context managers to enter before the first connection, such as a `PubSub` and a
    `Presence`, in this order. See `PhoenixSocket.lifespan`."""
    secret: str | bytes | None
    """Key that signs the tokens of long-poll sessions; the same on all nodes. Random by default,
    so that tokens are valid on one node until it restarts."""


_DEFAULTS: SocketOptions = {
    "auth_token": False,
    "check_csrf": True,
    "check_origin": True,
    "csrf_token_key": CSRF_TOKEN_KEY,
    "host": "localhost",
    "join_timeout_s": DEFAULT_JOIN_TIMEOUT_S,
    "max_channels": DEFAULT_MAX_CHANNELS,
    "message_limits": None,
    "name": None,
    "resources": (),
    "secret": None,
}


class PhoenixSocket(Mount):
    """A socket that Phoenix clients connect to, for Starlette, FastAPI or any ASGI server.

    It is a route, ``Starlette(routes=[PhoenixSocket("/socket", User)])``, and an application to be
    mounted, ``app.mount("/socket", PhoenixSocket(user_socket=User))``.

    Parameters
    ----------
    path
        Path of the route; empty where the socket is mounted. Its parameters, `{tenant}` or
        `:tenant`, are among the connect params.
    user_socket
        A UserSocket class, or anything else that returns a new UserSocket. The default accepts
        every client.
    channels
        Topic patterns and the factories of their channels, as in `UserSocket.channels`, which come
        after these.
    hub
        The hub that the channels broadcast through; sockets whose channels are to reach each other
        share it. A new one by default.
    websocket
        Options of the WebSocket transport, or None to switch it off.
    longpoll
        Options of the long-poll transport, or None to leave it off.
    **options
        See `SocketOptions`.

    Attributes
    ----------
    hub : Hub
    user_socket : callable
    channels : mapping

    Raises
    ------
    TypeError
        If there is no such option.
    ValueError
        If a topic pattern or an origin is malformed, or neither origins nor CSRF tokens are
        checked.
    """

    def __init__(
        self,
        path: str = "",
        user_socket: Callable[[], UserSocket] = UserSocket,
        *,
        channels: Mapping[str, ChannelFactory] = _NO_CHANNELS,
        hub: Hub | None = None,
        websocket: WebSocketOptions | None = WebSocketOptions(),
        longpoll: LongPollOptions | None = None,
        **options: Unpack[SocketOptions],
    ) -> None:
        chosen = _with_defaults(options)
        super().__init__(_PHOENIX_PARAM.sub(r"/{\1}", path), app=self._serve, name=chosen["name"])
        self.hub = Hub() if hub is None else hub
        self.user_socket = user_socket
        self.channels = channels
        Routes(channels)  # raises here, not at the first connection, for a bad pattern
        self._options = chosen
        self._resources = Resources(chosen["resources"])
        self._config: SessionConfig | None = None
        self._config_channels: Mapping[str, Callable[[], ChannelLike]] | None = None
        self._policy = _policy(self.hub, user_socket, chosen)
        self._longpoll_options = longpoll
        self._longpoll: LongPollEndpoint | None = None
        self._websocket = websocket
        if websocket is not None:
            self._websocket_policy = _websocket_policy(self._policy, websocket)
            self._connection_options = _connection_options(websocket)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the mount's path itself too, so that Starlette does not redirect it."""
        match, child = super().matches(scope)
        if match is Match.NONE and scope["type"] in ("http", "websocket"):
            exact = dict(scope) | {"path": scope["path"] + "/"}
            match, child = super().matches(exact)
        return match, child

    # --- resources
    @contextlib.asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Start the socket's resources, and stop them at the end.

        Give it to the application, ``FastAPI(lifespan=socket.lifespan)``, or enter it in the
        application's own lifespan. Starlette runs no lifespan for what is mounted; without this
        the resources start with the first connection, and are not stopped.
        """
        await self._resources.start()
        try:
            yield
        finally:
            await self._resources.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as an application: mounted in another one, or on its own."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._resources.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._resources.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def shut_down(self) -> None:
        """End the long-poll sessions, so that no waiting poll delays the end of the server.

        To be called when the server begins to stop; `PhoenixProtocol` closes WebSockets by itself.
        """
        if self._longpoll is not None:
            self._longpoll.shut_down()

    # --- requests
    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._resources.start()
            await self._route(scope, receive, send)
        except Exception:
            logger.exception("a request to the socket %r failed", self.path or scope["root_path"])
            await respond(CRASHED, scope, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = get_route_path(scope).rstrip("/")
        websocket, longpoll = self._websocket, self._longpoll_options
        if websocket is not None and path == websocket.path.rstrip("/"):
            await self._serve_websocket(scope, receive, send)
        elif longpoll is not None and path == longpoll.path.rstrip("/") and scope["type"] == "http":
            transport = self._longpoll_endpoint(longpoll, scope)
            response = await transport.respond(scope["method"], request_of(scope), receive)
            await respond(response, scope, send)
        else:
            await not_found(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method", "GET") != "GET":
            await respond(BAD_METHOD, scope, send)
            return
        await self.hub.turns.room()
        request, upgrade, policy = request_of(scope), upgrade_of(scope), self._websocket_policy
        outcome = await handshake(request, policy)
        if isinstance(outcome, Accepted):
            outcome = upgrade_fault(request) or outcome
            if isinstance(outcome, Accepted) and policy.compress and upgrade is not None:
                offers = request.headers.get("sec-websocket-extensions")
                outcome = replace(outcome, extensions=negotiate_deflate(offers))
        if isinstance(outcome, Refusal):
            await respond(outcome, scope, send)
            return
        make_session, options = partial(self._session, outcome), self._connection_options
        if upgrade is not None:
            upgrade.accept(make_session, outcome, options)
        else:
            await serve_websocket(receive, send, make_session, outcome, options)

    def _longpoll_endpoint(self, options: LongPollOptions, scope: Scope) -> LongPollEndpoint:
        """Return the long-poll transport, made with the first request: it shows the mount's path.

        Nodes find each other's sessions by the path, so sockets of one hub must differ in it.
        """
        if self._longpoll is None:
            # Imported here, since most sockets do without long-poll.
            from tickfire.phoenix.auth.token import Token
            from tickfire.phoenix.transports.longpoll.endpoint import LongPollEndpoint
            from tickfire.phoenix.transports.longpoll.server import LongPollServer

            secret = self._options["secret"]
            key = secrets.token_bytes(SECRET_BYTES) if secret is None else secret
            server = LongPollServer(
                self.hub,
                self.path or scope["root_path"],
                Token(key, LONGPOLL_SALT),
                options,
            )
            self._longpoll = LongPollEndpoint(self._policy, server, self._session, options)
        return self._longpoll

    def _session(self, accepted: Accepted, transport: Transport) -> Session:
        serializer = accepted.serializer
        if accepted.extensions is not None:
            serializer = self.hub.deflating(serializer)
        config = self._session_config(accepted.user_socket.channels)
        return Session(config, serializer, accepted.user_socket, accepted.params, transport)

    def _session_config(self, channels: Mapping[str, Callable[[], ChannelLike]]) -> SessionConfig:
        """Return the configuration for a user's channels; most users have the same ones."""
        if self._config is None or channels is not self._config_channels:
            self._config_channels = channels
            self._config = SessionConfig(
                self.hub,
                Routes(merge_channels(self.channels, channels)),
                Socket,
                self._options["max_channels"],
                self._options["join_timeout_s"],
                self._options["message_limits"],
            )
        return self._config


def _with_defaults(options: SocketOptions) -> SocketOptions:
    unknown = options.keys() - _DEFAULTS.keys()
    if unknown:
        raise TypeError(f"PhoenixSocket has no option {', '.join(sorted(unknown))}")
    return {**_DEFAULTS, **options}


def _policy(hub: Hub, user_socket: Callable[[], UserSocket], options: SocketOptions) -> Policy:
    if options["check_origin"] is False and not options["check_csrf"]:
        raise ValueError(
            "check_origin and check_csrf must not both be False: "
            "any website could connect with the sessions of its visitors"
        )
    return Policy(
        hub,
        user_socket,
        compile_check(options["check_origin"], options["host"]),
        options["auth_token"],
        options["csrf_token_key"] if options["check_csrf"] else None,
    )


def _websocket_policy(policy: Policy, options: WebSocketOptions) -> Policy:
    return replace(
        policy,
        subprotocols=tuple(options.subprotocols),
        error_handler=options.error_handler,
        compress=options.compress,
    )


def _connection_options(options: WebSocketOptions) -> ConnectionOptions:
    return ConnectionOptions(
        IdleWheel(options.idle_timeout_s),
        options.max_frame_size,
        options.max_message_size,
        options.high_water,
        options.low_water,
        Drainer(options.drain_batch_size, options.drain_interval_s),
    )
