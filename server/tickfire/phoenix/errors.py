"""The library's exceptions.

::

    PhoenixError
    |-- DecodeError       a frame of the client is not a message (closes the socket with 1011)
    |-- JoinError         raised by Channel.join: the join is answered with an error
    |-- ConnectError      raised by UserSocket.connect: the handshake is refused with a reason
    `-- ResultError       a callback of a channel returned something that is not a result
"""

from __future__ import annotations

from tickfire.phoenix.core.errors import ConnectError, JoinError, ResultError
from tickfire.phoenix.wire.errors import DecodeError, PhoenixError

__all__ = ["ConnectError", "DecodeError", "JoinError", "PhoenixError", "ResultError"]
