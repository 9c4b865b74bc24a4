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

from tickfire.phoenix.core.errors import ConnectError, JoinError, RefusalError, ResultError
from tickfire.phoenix.wire.errors import DecodeError, PhoenixError, SetupError

__all__ = [
    "ConnectError",
    "DecodeError",
    "JoinError",
    "PhoenixError",
    "RefusalError",
    "ResultError",
    "SetupError",
]
