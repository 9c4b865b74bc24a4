"""Exceptions that application code raises, or that point out its mistakes."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix.wire.errors import PhoenixError


class RefusalError(PhoenixError):
    """Base of the exceptions by which an application refuses a client.

    Parameters
    ----------
    payload : any JSON value, or bytes
        The explanation for the client; None stands for an empty map.

    Attributes
    ----------
    payload
    """

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload: Any = {} if payload is None else payload


class JoinError(RefusalError):
    """Raised by `Channel.join` to refuse a join; the payload is the response of the error reply."""


class ConnectError(RefusalError):
    """Raised by `UserSocket.connect` to refuse a connection.

    The client gets status 403, or what `WebSocketOptions.error_handler` makes of the payload.
    """

    @property
    def reason(self) -> Any:
        """The payload, under its name in Phoenix."""
        return self.payload


class ResultError(PhoenixError):
    """A callback of a channel returned something that is not a result."""
