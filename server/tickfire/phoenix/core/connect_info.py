"""Description of a connection request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ConnectInfo:
    """Details of a connection request, passed to `UserSocket.connect`.

    Attributes
    ----------
    transport : str
        "websocket" or "longpoll".
    uri : str
        Path and query as requested.
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
    uri: str
    headers: Mapping[str, str] = field(repr=False)
    peer: tuple[str, int] | None = None
    auth_token: str | None = field(default=None, repr=False)
    session: Mapping[str, Any] | None = field(default=None, repr=False)

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
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
