"""`Transport`: a way to exchange frames with a server."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

AUTH_TOKEN_PREFIX: Final = "base64url.bearer.phx."
"""Prefix of the WebSocket subprotocol that carries the token."""

NO_STATUS: Final = 1005
UNSUPPORTED_DATA: Final = 1003
ABNORMAL: Final = 1006
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011
SESSION_GONE: Final = 3410
"""Close code of phoenix.js for a long-poll session that the server no longer knows."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """Parameters of one attempt to connect.

    Attributes
    ----------
    endpoint : str
        Address of the socket with ws or wss, without ``/websocket``.
    query : list of (str, str)
        Params of the address.
    auth_token : str, or None
        Token, sent in a header.
    headers : mapping
        Further headers.
    open_timeout_s : float
        Seconds until the attempt is given up.
    ssl_context : SSLContext, or None
        For wss; None trusts the system's certificates.
    """

    endpoint: str
    query: list[tuple[str, str]] = field(repr=False)
    auth_token: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    open_timeout_s: float
    ssl_context: ssl.SSLContext | None


class TransportClosed(Exception):
    """Raised by `receive` when the transport is closed, with the close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"closed with {self.code}" + (f" ({self.reason})" if self.reason else "")


class Transport(Protocol):
    """One connection to a server."""

    name: str
    """ "websocket" or "longpoll"."""

    needs_heartbeat: bool
    """True if a lost connection shows by an unanswered heartbeat alone."""

    async def open(self) -> None:
        """Connect; raise ConnectionFailedError if that fails."""

    def send(self, data: str | bytes) -> None:
        """Send a frame, after those that wait already."""

    async def receive(self) -> str | bytes:
        """Return the next frame; raise TransportClosed once the transport is closed."""

    async def close(self, code: int = 1000, reason: str = "", *, at_once: bool = False) -> None:
        """Close it: send all that waits first, or with `at_once` do not wait for the server."""
