"""RESP2, sans I/O: commands to bytes, and bytes in any pieces to replies.

redis-py's own parser builds a reply in 10 us an element; a stream entry has seven. This one keeps
only what the readers and the writer of streams need, and costs a tenth.
"""

from __future__ import annotations

from typing import Final

type Reply = bytes | int | RespError | list[Reply] | None
"""Bulk and simple strings are bytes, null bulks and null arrays None."""

MAX_BULK: Final = 512 << 20
"""Redis's own limit of one string, bytes."""
MAX_DEPTH: Final = 8
_CRLF: Final = b"\r\n"
_STRING, _ERROR, _INTEGER, _BULK, _ARRAY = b"+-:$*"


class RespError(Exception):
    """An error that Redis replied, as a value: ``code`` is its first word."""

    @property
    def code(self) -> str:
        """The first word: ``MOVED``, ``NOAUTH``, ``LOADING``."""
        return str(self).partition(" ")[0]


class RespProtocolError(Exception):
    """The bytes are not RESP2: the connection cannot be read on."""


def encode_command(*parts: bytes | str | int) -> bytes:
    """Return one command as RESP."""
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        word = part if isinstance(part, bytes) else str(part).encode()
        out.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(out)


class RespParser:
    """Feed it what the socket yields; it returns the replies that are complete.

    A large reply may come in hundreds of reads: the elements read so far are kept, so no byte is
    looked at twice.
    """

    def __init__(self) -> None:
        self._data = b""
        self._stack: list[tuple[list[Reply], int]] = []  # the arrays around the open one
        self._items: list[Reply] = []  # of the open array
        self._wanted = 0  # its length; 0: none is open

    def feed(self, data: bytes) -> list[Reply]:
        """Take bytes, return complete replies in order.

        Raises
        ------
        RespProtocolError
            The bytes are not RESP2.
        """
        if self._data:
            data = self._data + data
        try:
            replies, at = self._parse(data)
        except ValueError as error:
            raise RespProtocolError(f"not RESP: {error}") from None
        self._data = data[at:]
        return replies

    def _parse(self, data: bytes) -> tuple[list[Reply], int]:
        # One loop without calls: it runs seven times for each entry of a stream.
        find = data.find
        size = len(data)
        stack, items, wanted = self._stack, self._items, self._wanted
        replies: list[Reply] = []
        at = 0
        value: Reply
        while (end := find(_CRLF, at)) >= 0:
            kind = data[at]
            if kind == _BULK:
                length = int(data[at + 1 : end])
                end += 2
                if length < 0:
                    value, at = None, end
                else:
                    after = end + length
                    if size < after + 2:
                        if length > MAX_BULK:
                            raise ValueError(f"a string of {length} bytes")
                        break
                    value, at = data[end:after], after + 2
            elif kind == _ARRAY:
                length = int(data[at + 1 : end])
                at = end + 2
                if length > 0:
                    if len(stack) >= MAX_DEPTH:
                        raise ValueError("nested too deeply")
                    stack.append((items, wanted))
                    items, wanted = [], length
                    continue
                value = [] if length == 0 else None
            else:
                value, at = _line(kind, data[at + 1 : end]), end + 2
            items.append(value)
            while len(items) == wanted:
                value = items
                items, wanted = stack.pop()
                items.append(value)
            if not stack:
                replies.append(items.pop())
        self._items, self._wanted = items, wanted
        return replies, at


def _line(kind: int, text: bytes) -> Reply:
    if kind == _STRING:
        return text
    if kind == _ERROR:
        return RespError(text.decode("utf-8", "replace"))
    if kind == _INTEGER:
        return int(text)
    raise ValueError(f"{kind:#04x} begins no reply")
