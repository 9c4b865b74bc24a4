"""Encoder of finished WebSocket frames (RFC 6455, section 5.2): unmasked and unfragmented.

Finished frames are passed unchanged from serializers and channels, through the hub, to transports.
A transport that does not write to a WebSocket itself splits them again with `split_frames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum


class Opcode(IntEnum):
    """Opcodes of WebSocket frames."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_FIN = 0x80
_COMPRESSED = 0x40  # RSV1 (RFC 7692, section 6)
_LENGTH_16 = 126  # the length follows in 2 bytes
_LENGTH_64 = 127  # the length follows in 8 bytes
_TEXT = _FIN | Opcode.TEXT
_BINARY = _FIN | Opcode.BINARY
_TEXT_16 = bytes((_TEXT, _LENGTH_16))
_SMALL_TEXT = tuple(bytes((_TEXT, n)) for n in range(_LENGTH_16))


def frame_text(payload: bytes) -> bytes:
    """Return a finished text frame; `payload` must be UTF-8."""
    size = len(payload)
    if size < _LENGTH_16:
        return _SMALL_TEXT[size] + payload
    if size < 1 << 16:
        return _TEXT_16 + size.to_bytes(2, "big") + payload
    return _long_header(_TEXT, size) + payload


def frame_binary(payload: bytes) -> bytes:
    """Return a finished binary frame."""
    size = len(payload)
    if size < _LENGTH_16:
        return bytes((_BINARY, size)) + payload
    return _long_header(_BINARY, size) + payload


def frame_compressed(opcode: int, payload: bytes) -> bytes:
    """Return a finished frame whose payload is compressed with permessage-deflate."""
    size = len(payload)
    first = _FIN | _COMPRESSED | opcode
    if size < _LENGTH_16:
        return bytes((first, size)) + payload
    return _long_header(first, size) + payload


def frame_control(opcode: Opcode, payload: bytes = b"") -> bytes:
    """Return a finished control frame; `payload` may have at most 125 bytes."""
    return bytes((_FIN | opcode, len(payload))) + payload


def frame_close(code: int, reason: str = "") -> bytes:
    """Return a finished close frame; the reason may have at most 123 bytes."""
    return frame_control(Opcode.CLOSE, code.to_bytes(2, "big") + reason.encode())


def split_frames(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (opcode, payload) of each frame in `frames`, which this module must have made."""
    at, end = 0, len(frames)
    while at < end:
        opcode, size = frames[at] & 0x0F, frames[at + 1]
        at += 2
        if size >= _LENGTH_16:
            wide = 2 if size == _LENGTH_16 else 8
            size = int.from_bytes(frames[at : at + wide], "big")
            at += wide
        yield opcode, frames[at : at + size]
        at += size


def _long_header(first: int, size: int) -> bytes:
    if size < 1 << 16:
        return bytes((first, _LENGTH_16)) + size.to_bytes(2, "big")
    return bytes((first, _LENGTH_64)) + size.to_bytes(8, "big")
