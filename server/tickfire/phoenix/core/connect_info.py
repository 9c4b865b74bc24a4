"""Description of a connection that asks to be accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ConnectInfo:
    """A connection before it is accepted.

    Attributes
    ----------
    transport : str
        "websocket" or "longpoll".
    uri : str
        Path and query as they were requested.
    headers : mapping of str to str
        Names in lower case; the values of a repeated header are joined by ", ".
    peer : (str, int), or None
        Address and port of the client.
    auth_token : str, or None
        The bearer token of the handshake, where the socket takes one.
    session : mapping, or None
        The session that a session middleware, such as Starlette's, has loaded.
    """

    transport: str
    uri: str
    headers: Mapping[str, str] = field(repr=False)
    peer: tuple[str, int] | None = None
    auth_token: str | None = field(default=None, repr=False)
    session: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The Host header, without its port."""
        host = self.headers.get("host", "")
        name, colon, port = host.rpartition(":")
        return name if colon and port.isdigit() else host

    @property
    def user_agent(self) -> str | None:
        """The User-Agent header."""
        return self.headers.get("user-agent")
