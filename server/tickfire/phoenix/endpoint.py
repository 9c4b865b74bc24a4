"""The route: `PhoenixSocket("/socket", UserSocket, hub=hub)` among a Starlette app's routes."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from starlette._utils import get_route_path
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from tickfire.phoenix.auth.token import Token
from tickfire.phoenix.core.connection import DEFAULT_MAX_CHANNELS
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import Transport
from tickfire.phoenix.core.routes import ChannelFactory, Routes
from tickfire.phoenix.core.session import DEFAULT_JOIN_TIMEOUT_S, Session, SessionConfig
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.transports.asgi import serve_websocket
from tickfire.phoenix.transports.drain import DEFAULT_BATCH_SIZE, DEFAULT_INTERVAL_S, Drainer
from tickfire.phoenix.transports.handshake import (
    BAD_METHOD,
    CRASHED,
    NOT_FOUND,
    Accepted,
    ErrorHandler,
    Policy,
    Refusal,
    Request,
    handshake,
    upgrade_fault,
)
from tickfire.phoenix.transports.idle import IdleWheel
from tickfire.phoenix.transports.longpoll import (
    LongPollOptions,
    LongPollServer,
    LongPollTransport,
    Timing,
)
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.transports.origin import OriginRule, compile_check
from tickfire.phoenix.transports.uvicorn.upgrade import EXTENSION, Upgrade
from tickfire.phoenix.user_socket import UserSocket
from tickfire.phoenix.wire.deflate import negotiate_deflate

__all__ = ["PhoenixSocket", "WebSocketOptions", "not_found"]

logger = logging.getLogger(__name__)

LONGPOLL_SALT = "phx longpoll"
SECRET_BYTES = 32

_PHOENIX_PARAM = re.compile(r"/:([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class WebSocketOptions:
    """The WebSocket transport of a socket.

    Attributes
    ----------
    path : str
        Appended to the socket's path.
    idle_timeout_s : float, or None
        A connection is closed when its client has sent nothing for so long. phoenix.js sends a
        heartbeat every 30 s.
    max_frame_size : bytes, or None
        Of one frame. None, as in Phoenix, is no limit but `max_message_size`.
    max_message_size : bytes, or None
        Of one message, put together from frames.
    subprotocols : sequence of str
        Spoken here, the preferred first.
    error_handler
        Makes the response when `connect` raises ConnectError; 403 without one.
    compress : bool
        Whether to speak permessage-deflate with clients that offer it.
    high_water, low_water : bytes
        A connection with more than `high_water` to be sent is congested until it has less than
        `low_water`.
    drain_batch_size : int
    drain_interval_s : float
        When the server goes down, connections are closed so many at a time.
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


class PhoenixSocket(Mount):
    """A socket at a path: the route, its transports and its policy.

    Parameters
    ----------
    path
        Where it is mounted; may hold params, `{tenant}` or `:tenant`, that arrive among the
        connect params.
    user_socket
        A UserSocket class, or anything that returns a new UserSocket.
    hub
        Shared by all sockets whose channels are to reach each other.
    host
        The endpoint's own host, which pages must come from when `check_origin` is True.
    check_origin
        See `tickfire.phoenix.transports.origin.OriginRule`.
    max_channels
        Topics that one connection may join at a time.
    join_timeout_s
        A `Channel.join` that takes longer is cancelled and the client told that it crashed; for a
        join holds up everything else on its connection. None for no limit.
    auth_token
        Take a bearer token from the client (phoenix.js's `authToken`), for
        `ConnectInfo.auth_token`.
    websocket
        Options of the WebSocket transport, or None to switch it off.
    longpoll
        Options of the long-poll transport, or None to leave it off.
    secret
        Signs the tokens of long-poll sessions; the same on all nodes. Random unless given.
    """

    def __init__(
        self,
        path: str,
        user_socket: Callable[[], UserSocket],
        *,
        hub: Hub,
        host: str = "localhost",
        check_origin: OriginRule = True,
        max_channels: int = DEFAULT_MAX_CHANNELS,
        join_timeout_s: float | None = DEFAULT_JOIN_TIMEOUT_S,
        auth_token: bool = False,
        websocket: WebSocketOptions | None = WebSocketOptions(),
        longpoll: LongPollOptions | None = None,
        secret: str | bytes | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(_PHOENIX_PARAM.sub(r"/{\1}", path), app=self._serve, name=name)
        self.hub = hub
        self._max_channels = max_channels
        self._join_timeout_s = join_timeout_s
        self._channels: Mapping[str, ChannelFactory] | None = None
        self._config: SessionConfig | None = None
        self._websocket = websocket
        check = compile_check(check_origin, host)
        self._longpoll: LongPollTransport | None = None
        if longpoll is not None:
            self._longpoll_path = longpoll.path.rstrip("/")
            key = secrets.token_bytes(SECRET_BYTES) if secret is None else secret
            self._longpoll = LongPollTransport(
                Policy(hub, user_socket, check, auth_token),
                LongPollServer(
                    hub,
                    path,
                    Token(key, LONGPOLL_SALT),
                    longpoll.token_max_age_s,
                    Timing(longpoll.window_s, longpoll.pubsub_timeout_s, longpoll.high_water),
                ),
                self._session,
            )
        if websocket is not None:
            self._websocket_path = websocket.path.rstrip("/")
            self._policy = Policy(
                hub,
                user_socket,
                check,
                auth_token,
                tuple(websocket.subprotocols),
                websocket.error_handler,
                websocket.compress,
            )
            self._options = ConnectionOptions(
                IdleWheel(websocket.idle_timeout_s),
                websocket.max_frame_size,
                websocket.max_message_size,
                websocket.high_water,
                websocket.low_water,
                Drainer(websocket.drain_batch_size, websocket.drain_interval_s),
            )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the mount's path itself too, lest Starlette redirect it."""
        match, child = super().matches(scope)
        if match is Match.NONE and scope["type"] in ("http", "websocket"):
            exact = dict(scope) | {"path": scope["path"] + "/"}
            match, child = super().matches(exact)
        return match, child

    # --- requests
    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._route(scope, receive, send)
        except Exception:
            logger.exception("a request of a socket failed")
            await _respond(CRASHED, scope, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = get_route_path(scope).rstrip("/")
        if self._websocket is not None and path == self._websocket_path:
            await self._serve_websocket(scope, receive, send)
        elif self._longpoll is not None and path == self._longpoll_path and scope["type"] == "http":
            response = await self._longpoll.respond(scope["method"], _request(scope), receive)
            await _respond(response, scope, send)
        else:
            await not_found(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method", "GET") != "GET":
            await _respond(BAD_METHOD, scope, send)
            return
        request, upgrade = _request(scope), _upgrade(scope)
        outcome = await handshake(request, self._policy)
        if isinstance(outcome, Accepted):
            outcome = upgrade_fault(request) or outcome
            if isinstance(outcome, Accepted) and self._policy.compress and upgrade is not None:
                offers = request.headers.get("sec-websocket-extensions")
                outcome = replace(outcome, extensions=negotiate_deflate(offers))
        if isinstance(outcome, Refusal):
            await _respond(outcome, scope, send)
            return
        make_session = partial(self._session, outcome)
        if upgrade is not None:
            upgrade.accept(make_session, outcome, self._options)
        else:
            await serve_websocket(receive, send, make_session, outcome, self._options)

    def _session(self, accepted: Accepted, transport: Transport) -> Session:
        serializer = accepted.serializer
        if accepted.extensions is not None:
            serializer = self.hub.deflating(serializer)
        return Session(
            self._session_config(accepted.user_socket.channels),
            serializer,
            accepted.user_socket,
            accepted.params,
            transport,
        )

    def _session_config(self, channels: Mapping[str, ChannelFactory]) -> SessionConfig:
        if self._config is None or channels is not self._channels:
            self._channels = channels
            self._config = SessionConfig(
                self.hub, Routes(channels), Socket, self._max_channels, self._join_timeout_s
            )
        return self._config


def _request(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path_params = {k: v for k, v in scope.get("path_params", {}).items() if k != "path"}
    client = scope.get("client")
    peer = (client[0], client[1]) if client else None
    session = scope.get("session")
    return Request(scope["query_string"], scope["path"], headers, path_params, peer, session)


def _upgrade(scope: Scope) -> Upgrade | None:
    upgrade = scope.get("extensions", {}).get(EXTENSION)
    return upgrade if isinstance(upgrade, Upgrade) else None


def _takes_refusals(scope: Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with any response."""
    return "websocket.http.response" in (scope.get("extensions") or {})


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 `not found` to any request: a router's default."""
    await _respond(NOT_FOUND, scope, send)


async def _respond(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Send a refusal: through the upgrade, or as a plain response."""
    upgrade = _upgrade(scope)
    if upgrade is not None:
        upgrade.refuse(refusal)
        return
    if scope["type"] == "websocket" and not _takes_refusals(scope):
        await send({"type": "websocket.close"})  # which the server turns into a 403
        return
    prefix = "http" if scope["type"] == "http" else "websocket.http"
    headers = [(name.encode(), value.encode("latin-1")) for name, value in refusal.headers]
    headers.append((b"content-length", str(len(refusal.body)).encode()))
    await send({"type": f"{prefix}.response.start", "status": refusal.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else refusal.body
    await send({"type": f"{prefix}.response.body", "body": body})
