"""Handshake of a connection: its checks, and the responses that refuse it.

The checks are made in the same order as in Phoenix: query, origin, auth token, subprotocol, vsn,
the user socket's `connect`, and finally the upgrade headers.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec
import msgspec.structs

from tickfire.phoenix.auth.csrf import is_valid_csrf_token
from tickfire.phoenix.core.connect_info import DEFAULT_PORTS, URI, ConnectInfo, split_port
from tickfire.phoenix.core.errors import ConnectError
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import UserSocketLike
from tickfire.phoenix.core.raw_socket import PhoenixTransport
from tickfire.phoenix.core.telemetry import SOCKET_CONNECTED
from tickfire.phoenix.transports.origin import OriginCheck
from tickfire.phoenix.transports.query import UndecodableQueryError, parse_query
from tickfire.phoenix.wire.serializers import Serializer, Versions, negotiate

logger = logging.getLogger(__name__)

REVALIDATE = ("cache-control", "max-age=0, private, must-revalidate")
JSON_TYPE = ("content-type", "application/json; charset=utf-8")

AUTH_PROTOCOL = "phoenix"
BEARER_PREFIX = "base64url.bearer.phx."

CSRF_PARAM = "_csrf_token"


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    Attributes
    ----------
    status : int
        The status code.
    body : bytes
        The body, which may be empty.
    headers : tuple of (str, str)
        Names and values of the headers, without Content-Length.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (REVALIDATE,)

    def with_header(self, name: str, value: str) -> Self:
        """Return a copy with an additional header."""
        return replace(self, headers=(*self.headers, (name, value)))


@dataclass(frozen=True)
class Refusal(Response):
    """A response that refuses a handshake."""


FORBIDDEN = Refusal(403)
NOT_FOUND = Refusal(404, b"not found")
BAD_METHOD = Refusal(400)
BAD_QUERY = Refusal(400, b'{"errors":{"detail":"Bad Request"}}', (REVALIDATE, JSON_TYPE))
CRASHED = Refusal(500, b'{"errors":{"detail":"Internal Server Error"}}', (REVALIDATE, JSON_TYPE))

type ErrorHandler = Callable[[Any], Refusal]
"""Function that returns the response for the payload of a ConnectError."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for the handshakes of one transport of a socket."""

    hub: Hub
    user_socket: Callable[[], UserSocketLike | PhoenixTransport]
    check_origin: OriginCheck
    versions: Versions
    auth_token: bool = False
    csrf_token_key: str | None = None
    """Key of the CSRF token in the session; None to pass sessions on without a check."""
    subprotocols: Sequence[str] = ()
    error_handler: ErrorHandler | None = None
    compress: bool = False


class Request(msgspec.Struct, frozen=True):
    """A connection request, with header names in lower case."""

    query: bytes
    path: str
    headers: Mapping[str, str]
    path_params: Mapping[str, Any] = {}
    peer: tuple[str, int] | None = None
    session: Mapping[str, Any] | None = None
    scheme: str = "http"

    @property
    def uri(self) -> URI:
        """The address as requested."""
        host, port = split_port(self.headers.get("host", ""))
        port = DEFAULT_PORTS[self.scheme] if port is None else port
        return URI(self.scheme, host, port, self.path, self.query.decode("latin-1"))

    def listed(self, name: str) -> list[str]:
        """Return the elements of a comma-separated header, or [] if the header is absent."""
        value = self.headers.get(name)
        return [] if value is None else [element.strip(" \t") for element in value.split(",")]


class Accepted(msgspec.Struct, frozen=True):
    """Result of a successful handshake."""

    serializer: Serializer | None
    """None for a `PhoenixTransport`."""
    user_socket: UserSocketLike | PhoenixTransport
    params: dict[str, Any]
    subprotocol: str | None
    extensions: str | None = None
    """The Sec-WebSocket-Extensions header of the response; if not None, frames are compressed."""


async def handshake(request: Request, policy: Policy) -> Accepted | Refusal:
    """Accept or refuse a WebSocket handshake, without checking its upgrade headers."""
    params = connect_params(request, policy)
    if params is None:
        return BAD_QUERY
    session = session_of(request, params, policy)
    info = ConnectInfo("websocket", request.uri, request.headers, request.peer, session=session)
    if not is_origin_allowed(request, policy, info):
        return FORBIDDEN
    if policy.auth_token:
        return await _with_auth_token(request, policy, params, info)
    offered = request.listed("sec-websocket-protocol")
    subprotocol = None
    if offered and policy.subprotocols:
        subprotocol = next((ours for ours in policy.subprotocols if ours in offered), None)
        if subprotocol is None:
            accepted = ", ".join(policy.subprotocols)
            reason = "a connection: none of the subprotocols %s is accepted, which are %s"
            policy.hub.refusals.add(reason, ", ".join(offered), accepted)
            return FORBIDDEN
    return await connect_user(policy, params, info, subprotocol)


def connect_params(request: Request, policy: Policy) -> dict[str, Any] | None:
    """Return the params of a request's query and path, or None if they cannot be decoded."""
    try:
        return {**parse_query(request.query), **request.path_params}
    except UndecodableQueryError:
        policy.hub.refusals.add("a request: its query cannot be decoded: %s", request.uri.target)
        return None


def is_origin_allowed(request: Request, policy: Policy, info: ConnectInfo) -> bool:
    """Return whether the page that sent a request may connect."""
    origin = request.headers.get("origin")
    if origin is None or policy.check_origin(origin, info.host):
        return True  # without one, the client is not a browser
    policy.hub.refusals.add("a connection: check_origin does not allow the origin %s", origin)
    return False


def session_of(
    request: Request, params: Mapping[str, Any], policy: Policy
) -> Mapping[str, Any] | None:
    """Return the session of a request, or None without a CSRF token that is valid for it."""
    session, key = request.session, policy.csrf_token_key
    if session is None or key is None:
        return session
    if is_valid_csrf_token(session.get(key), params.get(CSRF_PARAM)):
        return session
    if session:
        logger.debug("withheld the session: the param %s is absent or not valid", CSRF_PARAM)
    return None


async def _with_auth_token(
    request: Request, policy: Policy, params: dict[str, Any], info: ConnectInfo
) -> Accepted | Refusal:
    offered = request.listed("sec-websocket-protocol")
    subprotocol = AUTH_PROTOCOL if AUTH_PROTOCOL in offered else None
    bearers = [each for each in offered if each.startswith(BEARER_PREFIX)]
    if len(bearers) == 1:
        token = _bearer_token(bearers[0])
        if token is None:
            policy.hub.refusals.add("a connection: its auth token is not valid base64")
            return CRASHED
        info = msgspec.structs.replace(info, auth_token=token)
    outcome = await connect_user(policy, params, info, subprotocol)
    if isinstance(outcome, Refusal) and subprotocol is not None:
        return outcome.with_header("sec-websocket-protocol", subprotocol)
    return outcome


def _bearer_token(subprotocol: str) -> str | None:
    """Return the token, or None if it is not base64 in the standard alphabet, as from btoa."""
    encoded = subprotocol.removeprefix(BEARER_PREFIX)
    padding = -len(encoded) % 4
    if not encoded.endswith("="):
        encoded += "=" * padding
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


async def connect_user(
    policy: Policy, params: dict[str, Any], info: ConnectInfo, subprotocol: str | None
) -> Accepted | Refusal:
    """Check the vsn and call the user socket's `connect`; the last step for every transport."""
    user_socket = policy.user_socket()
    if isinstance(user_socket, PhoenixTransport):
        refusal = await _ask(user_socket, policy, params, info)
        return Accepted(None, user_socket, params, subprotocol) if refusal is None else refusal
    serializer = negotiate(params, policy.versions)
    if serializer is None:
        policy.hub.refusals.add("a connection: vsn %s is not supported", params.get("vsn"))
        return FORBIDDEN
    telemetry = policy.hub.telemetry
    began_s = telemetry.start(SOCKET_CONNECTED)
    outcome = await _ask(user_socket, policy, params, info)
    if began_s is not None:
        metadata = {
            "transport": info.transport,
            "params": params,
            "connect_info": info,
            "user_socket": user_socket,
            "vsn": serializer.vsn,
            "serializer": serializer,
            "result": "ok" if outcome is None else "error",
        }
        telemetry.finish(SOCKET_CONNECTED, began_s, metadata)
    if outcome is not None:
        return outcome
    return Accepted(serializer, user_socket, params, subprotocol)


async def _ask(
    user_socket: UserSocketLike | PhoenixTransport,
    policy: Policy,
    params: dict[str, Any],
    info: ConnectInfo,
) -> Refusal | None:
    """Call the user socket's `connect`; return the refusal, or None if it accepts."""
    try:
        accepted = await user_socket.connect(params, info)
    except ConnectError as refused:
        return FORBIDDEN if policy.error_handler is None else policy.error_handler(refused.payload)
    except Exception:
        logger.exception("the connect callback of a user socket failed")
        return CRASHED
    return FORBIDDEN if accepted is False else None


def upgrade_fault(request: Request) -> Refusal | None:
    """Return the refusal of invalid upgrade headers, or None if they are valid."""
    headers = request.headers
    if (
        headers.get("connection") == "Upgrade"
        and headers.get("upgrade") == "websocket"
        and headers.get("sec-websocket-key")
        and headers.get("sec-websocket-version") == "13"
    ):
        return None  # as most clients write them
    for name, wanted in (("connection", "upgrade"), ("upgrade", "websocket")):
        got = request.listed(name)
        if wanted not in [element.lower() for element in got]:
            return _bad_header(f"'{name}' header must contain '{wanted}', got {_inspect(got)}")
    if not request.headers.get("sec-websocket-key"):
        return _bad_header("'sec-websocket-key' header is absent")
    version = request.listed("sec-websocket-version")
    if version != ["13"]:
        got_version = _inspect(version)
        return _bad_header(f"'sec-websocket-version' header must equal '13', got {got_version}")
    return None


def _bad_header(message: str) -> Refusal:
    return Refusal(400, message.encode())


def _inspect(values: list[str]) -> str:
    """Format a list of strings as Elixir's inspect does."""
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"
