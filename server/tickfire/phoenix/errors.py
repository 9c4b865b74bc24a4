"""Exceptions of the library.

::

    PhoenixError
    |-- DecodeError       a frame of the client is not a message (closes the socket with 1011)
    |-- RefusalError
    |   |-- JoinError     raised by Channel.join: the join is answered with an error
    |   `-- ConnectError  raised by UserSocket.connect: the handshake is refused
    |-- ResultError       a callback of a channel returned something that is not a result
    `-- SetupError        something cannot be set up as asked; the text says what to do
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConnectError",
    "DecodeError",
    "JoinError",
    "PhoenixError",
    "RefusalError",
    "ResultError",
    "SetupError",
]


class PhoenixError(Exception):
    """Root of the library's exceptions."""


class DecodeError(PhoenixError):
    """A frame of the client cannot be read as a message."""


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


class SetupError(PhoenixError):
    """Something cannot be set up as asked, for example because an extra is not installed."""
