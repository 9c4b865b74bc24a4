"""WebSocket frame reader (RFC 6455), sans I/O.

It reads the frames that a client sends after the handshake; see frames.py for writing. Each
connection has one `FrameReader`, which buffers nothing but an incomplete frame or message.
"""

from __future__ import annotations

import codecs
from typing import Final

from websockets.frames import apply_mask  # type: ignore[attr-defined]

from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.deflate import InflateError, inflate
from tickfire.phoenix.wire.frames import Opcode

VIOLATION: Final = -1

type Event = tuple[int, bytes]
"""A message or control frame as (opcode, payload); (VIOLATION, close code) is always the last."""


_FIN, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_COMPRESSED = 0x40
_MASKED, _LENGTH = 0x80, 0x7F
_LONGEST_CONTROL = 125
_MASKED_16 = _MASKED | 126  # the length follows in 2 bytes
_WHOLE_TEXT, _WHOLE_BINARY = _FIN | Opcode.TEXT, _FIN | Opcode.BINARY


class _Violation(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FrameReader:
    """Reader of the frames of one client.

    Parameters
    ----------
    max_frame_size : bytes, or None
        Maximum size of a frame's payload. A larger frame is a violation with close code 1009, as
        soon as its header has been read.
    max_message_size : bytes, or None
        Maximum size of a message after reassembly and decompression, likewise.
    deflate
        True if permessage-deflate has been negotiated.
    """

    __slots__ = (
        "_buffer", "_compressed", "_deflate", "_fragments", "_max_frame", "_max_message", "_opcode",
        "_utf8", "_violated",
    )  # fmt: skip

    def __init__(
        self,
        max_frame_size: int | None = None,
        max_message_size: int | None = None,
        *,
        deflate: bool = False,
    ) -> None:
        self._deflate = deflate
        self._compressed = False
        self._max_frame = max_frame_size
        self._max_message = max_message_size
        self._buffer: bytearray | None = None
        self._fragments: bytearray | None = None
        self._opcode = 0
        self._utf8: codecs.IncrementalDecoder | None = None  # for a fragmented text message
        self._violated = False

    def feed(self, data: bytes) -> list[Event]:
        """Read bytes from the client, and return the messages and control frames they complete.

        After a violation all further bytes are ignored.
        """
        event = self.read_whole(data)
        if event is not None:
            return [event]
        if self._violated:
            return []
        if self._buffer is None:
            self._buffer = bytearray(data)
        else:
            self._buffer += data
        events: list[Event] = []
        try:
            self._read_frames(events)
        except _Violation as violation:
            self._violated = True
            self._buffer = self._fragments = None
            events.append((VIOLATION, violation.code.to_bytes(2, "big")))
        return events

    def read_whole(self, data: bytes) -> Event | None:
        """Return the message if `data` is exactly one unfragmented message, as it mostly is.

        Otherwise return None without reading anything; call `feed` then.
        """
        size = len(data)
        if size < 6 or self._buffer is not None or self._fragments is not None or self._violated:
            return None
        first, second = data[0], data[1]
        if first != _WHOLE_TEXT and first != _WHOLE_BINARY:
            return None
        if second == _MASKED | (size - 6) and size < 6 + 126:
            start = 6
        elif second == _MASKED_16 and size - 8 == data[2] << 8 | data[3]:
            start = 8
        else:
            return None
        if self._max_frame is not None and size - start > self._max_frame:
            return None  # `feed` reports the violation
        payload = apply_mask(data[start:], data[start - 4 : start])
        if first == _WHOLE_TEXT and not payload.isascii() and not _is_utf8(payload):
            return None
        return (first & _OPCODE, payload)

    def _read_frames(self, events: list[Event]) -> None:
        buffer = self._buffer or bytearray()
        at = 0
        while True:
            header = self._read_header(buffer, at)
            if header is None:
                break
            start, size = header
            end = start + size
            if len(buffer) < end:
                break
            payload = apply_mask(buffer[start:end], buffer[start - 4 : start])
            event = self._take_frame(buffer[at], payload)
            if event is not None:
                events.append(event)
            at = end
        if at == len(buffer):
            self._buffer = None
        elif at:
            del buffer[:at]

    def _read_header(self, buffer: bytearray, at: int) -> tuple[int, int] | None:
        """Return the start and size of the payload of the frame at `at`, or None if incomplete."""
        have = len(buffer) - at
        if have < 1:
            return None
        self._check_first(buffer[at])
        if have < 2:
            return None
        second = buffer[at + 1]
        size = second & _LENGTH
        if not second & _MASKED:
            raise _Violation(CloseCode.PROTOCOL_ERROR)
        if buffer[at] & 0x08 and size > _LONGEST_CONTROL:
            raise _Violation(CloseCode.PROTOCOL_ERROR)
        start = at + 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            if have < 2 + wide:
                return None
            size = int.from_bytes(buffer[start : start + wide], "big")
            start += wide
        self._check_size(size)
        return (start + 4, size) if have >= start + 4 - at else None

    def _check_first(self, first: int) -> None:
        opcode = first & _OPCODE
        if opcode not in _OPCODES:
            raise _Violation(CloseCode.PROTOCOL_ERROR)
        if first & _RESERVED:
            begins_message = opcode in (Opcode.TEXT, Opcode.BINARY)
            if first & _RESERVED != _COMPRESSED or not self._deflate or not begins_message:
                raise _Violation(CloseCode.PROTOCOL_ERROR)
        if opcode >= Opcode.CLOSE:
            if not first & _FIN:
                raise _Violation(CloseCode.PROTOCOL_ERROR)
        elif (opcode == Opcode.CONTINUATION) != (self._fragments is not None):
            raise _Violation(CloseCode.PROTOCOL_ERROR)

    def _check_size(self, size: int) -> None:
        if self._max_frame is not None and size > self._max_frame:
            raise _Violation(CloseCode.MESSAGE_TOO_BIG)
        if self._max_message is not None:
            whole = size + (0 if self._fragments is None else len(self._fragments))
            if whole > self._max_message:
                raise _Violation(CloseCode.MESSAGE_TOO_BIG)

    def _take_frame(self, first: int, payload: bytes) -> Event | None:
        opcode, last = first & _OPCODE, bool(first & _FIN)
        if opcode >= Opcode.CLOSE:
            return (opcode, payload)
        if self._fragments is None:
            self._opcode, self._compressed = opcode, bool(first & _COMPRESSED)
            if last:
                return self._whole(payload)
            self._fragments = bytearray()
            if opcode == Opcode.TEXT and not self._compressed:
                self._utf8 = _new_utf8_decoder()
        self._fragments += payload
        self._check_fragment(payload, last)
        if not last:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return self._whole(whole)

    def _check_fragment(self, payload: bytes, last: bool) -> None:
        """Refuse a fragmented text message as soon as it cannot be valid UTF-8."""
        if self._utf8 is None:
            return
        try:
            self._utf8.decode(payload, last)
        except UnicodeDecodeError:
            raise _Violation(CloseCode.INVALID_DATA) from None
        if last:
            self._utf8 = None

    def _whole(self, payload: bytes) -> Event:
        if self._compressed:
            payload = self._inflated(payload)
        if self._opcode == Opcode.TEXT and not payload.isascii() and not _is_utf8(payload):
            raise _Violation(CloseCode.INVALID_DATA)
        return (self._opcode, payload)

    def _inflated(self, payload: bytes) -> bytes:
        try:
            return inflate(payload, self._max_message)
        except InflateError as error:
            raise _Violation(
                CloseCode.MESSAGE_TOO_BIG if error.too_large else CloseCode.INVALID_DATA
            ) from None


_OPCODES = frozenset(int(opcode) for opcode in Opcode)
_new_utf8_decoder = codecs.getincrementaldecoder("utf-8")


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def close_reply(payload: bytes) -> int:
    """Return the close code with which to answer a client's close frame.

    Parameters
    ----------
    payload
        The payload of the client's close frame.

    Returns
    -------
    int
        1000 for a valid close frame, whatever its code; 1002 for a code that must not be sent
        (RFC 6455, section 7.4, and the IANA registry of close codes) or a truncated code; 1007 for
        a reason that is not UTF-8.
    """
    if not payload:
        return CloseCode.NORMAL
    if len(payload) == 1:
        return CloseCode.PROTOCOL_ERROR
    code = int.from_bytes(payload[:2], "big")
    if code < 1000 or 1004 <= code <= 1006 or 1015 <= code <= 2999:
        return CloseCode.PROTOCOL_ERROR
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return CloseCode.INVALID_DATA
    return CloseCode.NORMAL
