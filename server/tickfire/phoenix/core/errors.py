"""Exceptions that application code raises, and errors in its use of the library."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix.wire.errors import PhoenixError


class RefusalError(PhoenixError):
    """Base class of the exceptions with which an application refuses a client.

    Parameters
    ----------
    payload : any JSON value, or bytes
        The explanation for the client; None stands for an empty map.

    Attributes
    ----------
    payload : any JSON value, or bytes
        The explanation for the client, never None.
    """

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload: Any = {} if payload is None else payload


class JoinError(RefusalError):
    """Raised by `Channel.join` to refuse a join; the payload is the response of the error reply."""


class ConnectError(RefusalError):
    """Raised by `UserSocket.connect` to refuse a connection.

    The client gets status 403, or the response that `WebSocketOptions.error_handler` returns for
    the payload.
    """

    @property
    def reason(self) -> Any:
        """The payload, under its name in Phoenix."""
        return self.payload


class ResultError(PhoenixError):
    """A callback of a channel returned something that is not a result."""
