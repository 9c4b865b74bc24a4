"""WebSocket upgrades: parsing the request into an ASGI scope, and encoding the response.

uvicorn's HTTP protocol parses the request, and passes it on to the WebSocket protocol as bytes;
`PhoenixHTTP` passes on the parsed head. The ASGI application is called with an ordinary websocket
scope. A Phoenix route finds an `Upgrade` among its extensions, and accepts or refuses with it,
without ASGI messages. All other routes are served by uvicorn's own implementation.
"""

from __future__ import annotations

import asyncio
import base64
import email.utils
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote

from tickfire.phoenix.core.interfaces import ClientSession, Transport
from tickfire.phoenix.transports.handshake import Accepted, Refusal, Response
from tickfire.phoenix.transports.options import ConnectionOptions

type Accept = Callable[[Callable[[Transport], ClientSession], Accepted, ConnectionOptions], None]

EXTENSION = "tickfire.phoenix"
"""Key of the `Upgrade` in the extensions of an ASGI scope."""

MAX_REQUEST_LINE = 8_000  # bytes
MAX_HEADER_LINE = 10_000  # bytes
MAX_HEADERS = 100

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3

URI_TOO_LONG = Refusal(414)
HEADERS_TOO_LARGE = Refusal(431)


class RequestHead:
    """Head of an HTTP request.

    Parameters
    ----------
    method, target, headers
        As the attributes.
    size : int
        Size of the request, in bytes.

    Attributes
    ----------
    method : str
        The request method.
    target : bytes
        Path and query, percent-encoded.
    headers : list of (bytes, bytes)
        Names, in lower case, and values.
    """

    __slots__ = ("_size", "headers", "method", "target")

    def __init__(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], size: int
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self._size = size

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return the head of a request as uvicorn's HTTP protocol passes it on."""
        first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, _, rest = first.partition(b" ")
        headers = []
        for line in lines:
            name, _, value = line.partition(b":")
            headers.append((name.lower(), value.strip(b" \t")))
        target = rest.removesuffix(b" HTTP/1.1")
        return cls(method.decode("latin-1"), target, headers, len(data))

    def encode(self) -> bytes:
        """Return the request as uvicorn's HTTP protocol passes it on."""
        lines = [b"%s: %s\r\n" % header for header in self.headers]
        first = b"%s %s HTTP/1.1\r\n" % (self.method.encode("latin-1"), self.target)
        return b"".join((first, *lines, b"\r\n"))

    def fault(self) -> Refusal | None:
        """Return the refusal of a request head that is too large, or None."""
        if len(self.target) + len(self.method) > MAX_REQUEST_LINE:
            return URI_TOO_LONG
        if len(self.headers) > MAX_HEADERS:
            return HEADERS_TOO_LARGE
        if self._size > MAX_HEADER_LINE and self._has_long_line():
            return HEADERS_TOO_LARGE
        return None

    def _has_long_line(self) -> bool:
        return any(len(name) + len(value) > MAX_HEADER_LINE for name, value in self.headers)

    def scope(self, root_path: str) -> dict[str, Any]:
        """Return the part of a websocket scope that comes from the request."""
        raw_path, _, query = self.target.partition(b"?")
        path = raw_path.decode("latin-1")
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.method,
            "root_path": root_path,
            "path": root_path + (unquote(path) if "%" in path else path),
            "raw_path": root_path.encode() + raw_path,
            "query_string": query,
            "headers": self.headers,
            "subprotocols": self._subprotocols(),
        }

    def _subprotocols(self) -> list[str]:
        return [
            token.strip()
            for name, value in self.headers
            if name == b"sec-websocket-protocol"
            for token in value.decode("latin-1").split(",")
        ]


def peer_of(transport: asyncio.BaseTransport) -> tuple[str, int] | None:
    """Return the address and port of a client, or None if it has none, as on a Unix socket."""
    peer = transport.get_extra_info("peername")
    return (peer[0], peer[1]) if isinstance(peer, tuple) else None


def own_address_of(transport: asyncio.BaseTransport) -> tuple[str, int | None] | None:
    """Return the address and port that a client has connected to; a Unix socket has no port."""
    own = transport.get_extra_info("sockname")
    if isinstance(own, tuple):
        return (own[0], own[1])
    return (own, None) if isinstance(own, str) else None


class Upgrade:
    """Means to accept or refuse one upgrade; only the first call has an effect.

    Attributes
    ----------
    method : str
        The request method.
    accept : callable
        Accepts the upgrade, given a function that makes the session, the result of the handshake,
        and the connection's options.
    refuse : callable
        Refuses the upgrade, given the response.
    """

    __slots__ = ("accept", "method", "refuse")

    def __init__(self, method: str, accept: Accept, refuse: Callable[[Response], None]) -> None:
        self.method = method
        self.accept = accept
        self.refuse = refuse


def accept_response(key: bytes, subprotocol: str | None, extensions: str | None) -> bytes:
    """Return the 101 response to a request with the given Sec-WebSocket-Key."""
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    chosen = b""
    if subprotocol is not None:
        chosen += b"sec-websocket-protocol: " + subprotocol.encode("latin-1") + b"\r\n"
    if extensions is not None:
        chosen += b"sec-websocket-extensions: " + extensions.encode("latin-1") + b"\r\n"
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"upgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: " + accept + b"\r\n" + chosen + b"\r\n"
    )


def refusal_response(refusal: Response, method: str = "GET") -> bytes:
    """Return the encoded response of a refusal, which closes the connection."""
    phrase = HTTPStatus(refusal.status).phrase
    headers = [
        ("date", email.utils.formatdate(usegmt=True)),
        ("content-length", str(len(refusal.body))),
        *refusal.headers,
        ("connection", "close"),
    ]
    head = f"HTTP/1.1 {refusal.status} {phrase}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers
    )
    return head.encode("latin-1") + b"\r\n" + (b"" if method == "HEAD" else refusal.body)
