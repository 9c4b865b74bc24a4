"""What can go wrong, as exceptions.

::

    PhoenixError
    |-- DecodeError       a frame of the client is not a message (closes the socket with 1011)
    |-- JoinError         raised by Channel.join: the join is answered with an error
    |-- ConnectError      raised by UserSocket.connect: the handshake is refused with a reason
    `-- ResultError       a callback of a channel returned something that is not a result
"""

from __future__ import annotations

from typing import Any

__all__ = ["ConnectError", "DecodeError", "JoinError", "PhoenixError", "ResultError"]


class PhoenixError(Exception):
    """Root of the library's exceptions."""


class DecodeError(PhoenixError):
    """A frame of the client cannot be read as a message."""


class JoinError(PhoenixError):
    """Refuses a join.

    Parameters
    ----------
    payload : any JSON value, or bytes
        The `response` of the error reply that the client gets.
    """

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload: Any = {} if payload is None else payload


class ConnectError(PhoenixError):
    """Refuses a connection and says why; the error handler turns the reason into a response."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class ResultError(PhoenixError):
    """A callback of a channel returned something that is not a legal result."""
