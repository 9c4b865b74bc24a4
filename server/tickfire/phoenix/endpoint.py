"""`PhoenixSocket`: the route, or mounted application, that Phoenix clients connect to."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

import msgspec.structs
from starlette._utils import get_route_path
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import ChannelLike, ClientSession, Transport
from tickfire.phoenix.core.raw_session import RawSession
from tickfire.phoenix.core.raw_socket import PhoenixTransport
from tickfire.phoenix.core.routes import Routes, merge_channels
from tickfire.phoenix.core.session import Session, SessionConfig
from tickfire.phoenix.options import (
    SerializerOption,
    SocketOptions,
    WebSocketOptions,
    with_defaults,
)
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.transports.asgi import serve_websocket
from tickfire.phoenix.transports.drain import Drainer, DrainerOptions
from tickfire.phoenix.transports.exchange import not_found, request_of, respond, upgrade_of
from tickfire.phoenix.transports.handshake import (
    BAD_METHOD,
    CRASHED,
    Accepted,
    Policy,
    Refusal,
    handshake,
    upgrade_fault,
)
from tickfire.phoenix.transports.idle import IdleWheel
from tickfire.phoenix.transports.longpoll import LongPollOptions
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.transports.origin import compile_check
from tickfire.phoenix.transports.paths import TransportPath, starlette_path
from tickfire.phoenix.transports.resources import Resources
from tickfire.phoenix.user_socket import ChannelFactory, UserSocket
from tickfire.phoenix.wire.deflate import compress_frames, negotiate_deflate
from tickfire.phoenix.wire.serializers import Versions, versions_of
from tickfire.phoenix.wire.versions import Requirement

if TYPE_CHECKING:
    from tickfire.phoenix.transports.longpoll.endpoint import LongPollEndpoint

__all__ = ["PhoenixSocket", "not_found"]

logger = logging.getLogger(__name__)

LONGPOLL_SALT = "phx longpoll"
SECRET_BYTES = 32

_WEBSOCKET = WebSocketOptions()
_NO_CHANNELS: Mapping[str, ChannelFactory] = MappingProxyType({})


class PhoenixSocket(Mount):
    """A socket that Phoenix clients connect to, for Starlette, FastAPI or any ASGI server.

    It is a route, ``Starlette(routes=[PhoenixSocket("/socket", User)])``, and an application to be
    mounted, ``app.mount("/socket", PhoenixSocket(user_socket=User))``.

    Parameters
    ----------
    path
        Path of the route, with or without a leading slash; empty where the socket is mounted. Its
        variables, `{tenant}` or `:tenant`, are among the connect params.
    user_socket
        A UserSocket class, or anything else that returns a new UserSocket. The default accepts
        every client. A `PhoenixTransport` in its place speaks a protocol without channels.
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
        If a topic pattern, an origin or the version of a serializer is malformed, or neither
        origins nor CSRF tokens are checked.
    """

    def __init__(
        self,
        path: str = "",
        user_socket: Callable[[], UserSocket | PhoenixTransport] = UserSocket,
        *,
        channels: Mapping[str, ChannelFactory] = _NO_CHANNELS,
        hub: Hub | None = None,
        websocket: WebSocketOptions | None = _WEBSOCKET,
        longpoll: LongPollOptions | None = None,
        **options: Unpack[SocketOptions],
    ) -> None:
        chosen = with_defaults(options)
        super().__init__(starlette_path(path), app=self._serve, name=chosen["name"])
        self.hub = Hub() if hub is None else hub
        self.user_socket = user_socket
        self.channels = channels
        Routes(channels)  # raises here, not at the first connection, for a bad pattern
        self._options = chosen
        self._resources = Resources([*_needs(user_socket), *chosen["resources"]])
        self._config: SessionConfig | None = None
        self._config_channels: Mapping[str, Callable[[], ChannelLike]] | None = None
        self._policy = _policy(self.hub, user_socket, chosen)
        self._longpoll_options = longpoll
        self._longpoll: LongPollEndpoint | None = None
        self._transports: list[tuple[TransportPath, str, ASGIApp]] = []
        if websocket is not None:
            self._transports.append(
                (TransportPath(websocket.path), "websocket", self._serve_websocket)
            )
            self._websocket_policy = _websocket_policy(self._policy, websocket)
            self._connection_options = _connection_options(websocket, self._drainer(websocket))
        self._longpoll_drainer = self._drainer(websocket, always=True)
        if longpoll is not None:
            self._transports.append((TransportPath(longpoll.path), "http", self._serve_longpoll))

    # Those of `Mount` would take the application, which is the socket itself, and never end.
    def __repr__(self) -> str:
        return f"PhoenixSocket(path={self.path!r}, name={self.name!r})"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the mount's path itself too, so that Starlette does not redirect it.

        A path without variables is compared, which costs less than the expression of `Mount`.
        """
        if not self.param_convertors.keys() - {"path"} and scope["type"] in ("http", "websocket"):
            return self._matches_fixed_path(scope)
        match, child = super().matches(scope)
        if match is Match.NONE and scope["type"] in ("http", "websocket"):
            exact = dict(scope) | {"path": scope["path"] + "/"}
            match, child = super().matches(exact)
        return match, child

    def _matches_fixed_path(self, scope: Scope) -> tuple[Match, Scope]:
        path, mount = get_route_path(scope), self.path
        if path != mount and not path.startswith(f"{mount}/"):
            return Match.NONE, {}
        root_path = scope.get("root_path", "")
        child = {
            "path_params": dict(scope.get("path_params", {})),
            "app_root_path": scope.get("app_root_path", root_path),
            "root_path": root_path + mount,
            "endpoint": self.app,
        }
        return Match.FULL, child

    def _drainer(self, websocket: WebSocketOptions | None, *, always: bool = False) -> Drainer:
        chosen = self._options["drainer"]
        if chosen is None:
            given = websocket or WebSocketOptions()
            chosen = DrainerOptions(given.drain_batch_size, given.drain_interval_s)
        about = {"user_socket": self.user_socket}
        return Drainer(chosen, self.hub.telemetry, about, always=always)

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
        """End the long-poll sessions in batches, so that no poll delays the end of the server.

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
        path = get_route_path(scope)
        for transport_path, kind, serve in self._transports:
            params = transport_path.match(path)
            if params is not None and scope["type"] in (kind, "http"):
                if params:
                    all_params = {**scope.get("path_params", {}), **params}
                    scope = {**scope, "path_params": all_params}
                await serve(scope, receive, send)
                return
        served = ", ".join(transport_path.path for transport_path, _, _ in self._transports)
        reason = "a request: no transport is at %s, only at the socket's path with %s"
        self.hub.refusals.add(reason, scope["path"], served)
        await not_found(scope, receive, send)

    async def _serve_longpoll(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._longpoll_options is not None
        transport = self._longpoll_endpoint(self._longpoll_options, scope)
        response = await transport.respond(scope["method"], request_of(scope), receive)
        await respond(response, scope, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method", "GET") != "GET":
            await respond(BAD_METHOD, scope, send)
            return
        await self.hub.turns.room()
        request, upgrade, policy = request_of(scope), upgrade_of(scope), self._websocket_policy
        outcome = await handshake(request, policy)
        if isinstance(outcome, Accepted):
            fault = upgrade_fault(request)
            if fault is not None:
                self.hub.refusals.add("a connection: %s", fault.body.decode())
                outcome = fault
            if isinstance(outcome, Accepted) and policy.compress and upgrade is not None:
                offers = request.headers.get("sec-websocket-extensions")
                extensions = negotiate_deflate(offers)
                outcome = msgspec.structs.replace(outcome, extensions=extensions)
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
            self._longpoll = LongPollEndpoint(
                self._policy, server, self._session, options, self._longpoll_drainer
            )
        return self._longpoll

    def _session(self, accepted: Accepted, transport: Transport) -> ClientSession:
        user, serializer = accepted.user_socket, accepted.serializer
        if isinstance(user, PhoenixTransport):
            compress = None if accepted.extensions is None else compress_frames
            return RawSession(self.hub, user, transport, compress)
        assert serializer is not None
        if accepted.extensions is not None:
            serializer = self.hub.deflating(serializer)
        config = self._session_config(user.channels)
        return Session(config, serializer, user, accepted.params, transport)

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
                self._options["send_timeout_s"],
                self._options["guard"],
            )
        return self._config


def _needs(user_socket: object) -> list[contextlib.AbstractAsyncContextManager[object]]:
    if not isinstance(user_socket, type) or not issubclass(user_socket, PhoenixTransport):
        return []
    need = user_socket.child_spec()
    return [] if need is None else [need]


def _policy(
    hub: Hub, user_socket: Callable[[], UserSocket | PhoenixTransport], options: SocketOptions
) -> Policy:
    if options["check_origin"] is False and not options["check_csrf"]:
        raise ValueError(
            "check_origin and check_csrf must not both be False: "
            "any website could connect with the sessions of its visitors"
        )
    return Policy(
        hub,
        user_socket,
        compile_check(options["check_origin"], options["host"]),
        _versions(hub, options["serializers"]),
        options["auth_token"],
        options["csrf_token_key"] if options["check_csrf"] else None,
    )


def _versions(hub: Hub, chosen: Sequence[SerializerOption] | None) -> Versions:
    if chosen is None:
        return versions_of(hub.serializers)
    versions = [(each() if callable(each) else each, text) for each, text in chosen]
    for serializer, _ in versions:
        hub.add_serializer(serializer)
    return Versions((serializer, Requirement(text)) for serializer, text in versions)


def _websocket_policy(policy: Policy, options: WebSocketOptions) -> Policy:
    return replace(
        policy,
        subprotocols=tuple(options.subprotocols),
        error_handler=options.error_handler,
        compress=options.compress,
    )


def _connection_options(options: WebSocketOptions, drainer: Drainer) -> ConnectionOptions:
    return ConnectionOptions(
        IdleWheel(options.idle_timeout_s),
        options.max_frame_size,
        options.max_message_size,
        options.high_water,
        options.low_water,
        drainer,
    )
