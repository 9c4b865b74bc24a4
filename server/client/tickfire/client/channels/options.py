"""Options of a connection, and its address."""

from __future__ import annotations

import inspect
import math
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

TRANSPORTS = ("websocket", "longpoll")

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

    def __post_init__(self) -> None:
        """Check the options.

        Raises
        ------
        TypeError, ValueError
            If one is of another type, or out of range; the text names it.
        """
        if self.transport not in TRANSPORTS:
            known = " and ".join(TRANSPORTS)
            raise ValueError(f"transport {self.transport!r} is not known: there are {known}")
        for name in ("timeout_s", "open_timeout_s", "heartbeat_interval_s", "longpoll_fallback_s"):
            seconds = getattr(self, name)
            if seconds is None and name == "longpoll_fallback_s":
                continue
            if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise TypeError(f"{name} must be a number of seconds, not {seconds!r}")
            if not 0 < seconds < math.inf:
                raise ValueError(f"{name} must be a number of seconds above 0, not {seconds!r}")
        for name in ("reconnect_after_s", "rejoin_after_s"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function of the number of the attempt")
        if not isinstance(self.headers, Mapping):
            raise TypeError("headers must be a mapping")
        if not (isinstance(self.params, Mapping) or callable(self.params)):
            raise TypeError("params must be a mapping, or a function that returns one")
        if not (self.auth_token is None or isinstance(self.auth_token, str)):
            _check_token_function(self.auth_token)

    def query(self) -> list[tuple[str, str]]:
        """Return the params of the address."""
        params = self.params() if callable(self.params) else self.params
        return [*_flat(params), ("vsn", self.vsn)]

    def token(self) -> str | None:
        """Return the token."""
        token: Any = self.auth_token() if callable(self.auth_token) else self.auth_token
        if token is None or isinstance(token, str):
            return token
        raise TypeError(f"the function of the token must return text, not {type(token).__name__}")


def _check_token_function(function: object) -> None:
    if not callable(function):
        raise TypeError("the token must be text, or a function that returns it")
    if inspect.iscoroutinefunction(function):
        raise TypeError("the function of the token must return text, and cannot be async")


def endpoint_of(url: str) -> str:
    """Return the address of a socket as one of a WebSocket, without ``/websocket``.

    Raises
    ------
    ValueError
        If it is no whole address of the scheme ws, wss, http or https.
    TypeError
        If it is no text.
    """
    if not isinstance(url, str):
        raise TypeError(f"an address must be text, not {type(url).__name__}")
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
