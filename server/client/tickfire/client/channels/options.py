"""Options of a connection, and its address."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from tickfire.client.channels.backoff import Wait, reconnect_after_s, rejoin_after_s

type SocketParams = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""Connect params, or a function that returns them, called at every attempt."""
type AuthToken = str | Callable[[], str] | None
"""Token, or a function that returns it, called at every attempt."""

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


@dataclass(frozen=True, kw_only=True)
class PhoenixOptions:
    """Options of a `Phoenix`, with the defaults of phoenix.js.

    Attributes
    ----------
    params : mapping, or callable
        Connect params, which become part of the address; nested mappings are written ``a[b]=c``.
    auth_token : str, or callable, or None
        Token, sent in a header.
    vsn : str
        Version of the protocol: "2.0.0" or "1.0.0".
    transport : str
        "websocket" or "longpoll".
    longpoll_fallback_s : float, or None
        Long-poll is used instead of WebSockets if none opens and answers within so many seconds, or
        at once if the attempt fails; but not if the server refuses the token with a status 401 or
        403. None: never.
    timeout_s : float
        Seconds until a reply is late.
    open_timeout_s : float
        Seconds until an attempt to connect is given up.
    heartbeat_interval_s : float
        Seconds between heartbeats; an unanswered one closes the connection after as many.
    reconnect_after_s, rejoin_after_s : callable
        Seconds to wait before an attempt, by its number from 1.
    headers : mapping
        Further headers of the handshake, such as cookies.
    ssl_context : SSLContext, or None
        For wss and https; None trusts the system's certificates.
    """

    params: SocketParams = field(default_factory=dict, repr=False)
    auth_token: AuthToken = field(default=None, repr=False)
    vsn: str = "2.0.0"
    transport: Literal["websocket", "longpoll"] = "websocket"
    longpoll_fallback_s: float | None = None
    timeout_s: float = 10.0
    open_timeout_s: float = 10.0
    heartbeat_interval_s: float = 30.0
    reconnect_after_s: Wait = reconnect_after_s
    rejoin_after_s: Wait = rejoin_after_s
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ssl_context: ssl.SSLContext | None = None

    def query(self) -> list[tuple[str, str]]:
        """Return the params of the address."""
        params = self.params() if callable(self.params) else self.params
        return [*_flat(params), ("vsn", self.vsn)]

    def token(self) -> str | None:
        """Return the token."""
        return self.auth_token() if callable(self.auth_token) else self.auth_token


def endpoint_of(url: str) -> str:
    """Return the address of a socket as one of a WebSocket, without ``/websocket``.

    Raises
    ------
    ValueError
        If it is no whole address of the scheme ws, wss, http or https.
    """
    try:
        parts = urlsplit(url)
        scheme = _SCHEMES.get(parts.scheme) if parts.hostname and parts.port != 0 else None
    except ValueError:  # of a port or an IPv6 address
        scheme = None
    if scheme is None:
        text = f"{shown_of(url)!r} is no address of a socket"
        raise ValueError(f'{text}, such as "wss://example.com/socket"')
    path = parts.path.rstrip("/").removesuffix("/websocket")
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def shown_of(url: str) -> str:
    """Return an address for logs and errors, without its user, password and params.

    >>> shown_of("wss://ann:secret@example.com/socket?token=abc")
    'wss://***@example.com/socket'
    """
    scheme, separator, rest = url.partition("?")[0].rpartition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{'***' if user else ''}{at}{place}"


def _flat(params: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        key = f"{outer}[{name}]" if outer else name
        if isinstance(value, Mapping):
            yield from _flat(value, key)
        else:
            yield key, str(value)
