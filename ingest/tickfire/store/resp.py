"""RESP2, encoded and parsed by hiredis, sans I/O.

redis-py spends 10 us on each command beside what hiredis takes, so streams are read and written
without it.
"""

from __future__ import annotations

from typing import Final

import hiredis

type Reply = bytes | int | RespError | list[Reply] | None
"""A parsed reply: strings are bytes; null strings and null arrays are None."""

_NONE_YET: Final = object()


class RespError(Exception):
    """Error reply of Redis, which may also be raised."""

    @property
    def code(self) -> str:
        """First word of the message, such as ``MOVED``, ``NOAUTH`` or ``LOADING``."""
        return str(self).partition(" ")[0]


class RespProtocolError(Exception):
    """Raised for bytes that are not RESP; the connection must be closed."""


def encode_command(*parts: bytes | memoryview | str | int) -> bytes:
    """Return a command, encoded as a RESP array of bulk strings."""
    packed: bytes = hiredis.pack_command(parts)  # type: ignore[arg-type]  # of any length
    return packed


class RespParser:
    """Incremental parser of replies, which may arrive in any pieces."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(
            protocolError=RespProtocolError, replyError=RespError, notEnoughData=_NONE_YET
        )

    def feed(self, data: bytes) -> list[Reply]:
        """Parse more bytes and return the replies that are now complete, in order.

        Raises
        ------
        RespProtocolError
            The bytes are not RESP.
        """
        reader = self._reader
        reader.feed(data)
        replies = []
        try:
            while (reply := reader.gets()) is not _NONE_YET:
                replies.append(reply)
        except MemoryError:
            raise RespProtocolError("the length of an array is beyond the memory") from None
        return replies
