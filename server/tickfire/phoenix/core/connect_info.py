"""Description of a connection request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_PORT_DIGITS: Final = 5


class URI(msgspec.Struct, frozen=True):
    """Address that a client requested, with the parts of Elixir's URI; `str` returns it whole.

    Attributes
    ----------
    scheme : str
        "http" or "https", for WebSockets too.
    host : str
        The host, without its port.
    port : int
        The port; 80 or 443 if the client named none.
    path : str
        The path.
    query : str
        The query, which may be empty.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    def __repr__(self) -> str:  # the query may hold a token
        return (
            f"URI(scheme={self.scheme!r}, host={self.host!r}, port={self.port}, path={self.path!r})"
        )

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        port = "" if self.port == DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.target}"


class ConnectInfo(msgspec.Struct, frozen=True):
    """Details of a connection request, passed to `UserSocket.connect`.

    Attributes
    ----------
    transport : str
        "websocket" or "longpoll"; "channel_test" in the test kit.
    uri : URI
        The address as requested.
    headers : mapping of str to str
        Names in lower case; the values of a repeated header are joined by ", ".
    peer : (str, int), or None
        Address and port of the client.
    auth_token : str, or None
        The bearer token of the handshake, if the socket accepts auth tokens.
    session : mapping, or None
        The session of a middleware such as Starlette's `SessionMiddleware`, if the connect param
        ``_csrf_token`` is valid for it; see `csrf_token`.
    """

    transport: str
    uri: URI
    headers: Mapping[str, str]
    peer: tuple[str, int] | None = None
    auth_token: str | None = None
    session: Mapping[str, Any] | None = None

    def __repr__(self) -> str:  # headers, token and session are secrets
        return f"ConnectInfo(transport={self.transport!r}, uri={self.uri!r}, peer={self.peer!r})"

    @property
    def host(self) -> str:
        """The value of the Host header, without its port."""
        return without_port(self.headers.get("host", ""))

    @property
    def user_agent(self) -> str | None:
        """The value of the User-Agent header."""
        return self.headers.get("user-agent")


def without_port(host: str) -> str:
    """Return a host such as ``example.com:4000`` or ``[::1]`` without its port, if it has one."""
    return split_port(host)[0]


def split_port(host: str) -> tuple[str, int | None]:
    """Return the name and the port of a host such as ``example.com:4000`` or ``[::1]``."""
    name, colon, port = host.rpartition(":")
    is_port = colon and port.isdecimal() and port.isascii() and len(port) <= MAX_PORT_DIGITS
    return (name, int(port)) if is_port else (host, None)
