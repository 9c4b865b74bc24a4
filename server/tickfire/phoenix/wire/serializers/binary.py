"""Codec of the binary messages of vsn 2.0.0.

::

    client to server   0, size of join_ref, ref, topic, event; those four; payload
    push               0, size of join_ref, topic, event;      those three; payload
    reply              1, size of join_ref, ref, topic, status; those four; payload
    broadcast          2, size of topic, event;                those two; payload

Every size is one byte that counts bytes, not characters.
"""

from __future__ import annotations

from typing import Any

from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.message import Message

PUSH, REPLY, BROADCAST = 0, 1, 2
_SIZES_OF_PUSH = 4
_LONGEST_PART = 255

type Buffer = bytes | bytearray | memoryview


def decode_push(data: bytes) -> Message:
    """Decode a push from a client.

    Raises
    ------
    DecodeError
        If the message is not of kind 0, is truncated, or a part is not UTF-8.
    """
    at = 1 + _SIZES_OF_PUSH
    if len(data) < at or data[0] != PUSH:
        raise DecodeError("not a binary push")
    parts = []
    for size in data[1:at]:
        parts.append(data[at : at + size])
        at += size
    if at > len(data):
        raise DecodeError("a binary push is truncated")
    try:
        join_ref, ref, topic, event = (part.decode() for part in parts)
    except UnicodeDecodeError as error:
        raise DecodeError(str(error)) from None
    return Message(join_ref, ref, topic, event, data[at:])


def encode_push(join_ref: Any, topic: str, event: str, payload: Buffer) -> bytes:
    """Encode a push to one client; raise ValueError if a part exceeds 255 bytes."""
    return _encode(PUSH, (_text(join_ref), topic, event), payload)


def encode_reply(join_ref: Any, ref: Any, topic: str, status: str, payload: Buffer) -> bytes:
    """Encode a reply; raise ValueError if a part exceeds 255 bytes."""
    return _encode(REPLY, (_text(join_ref), _text(ref), topic, status), payload)


def encode_broadcast(topic: str, event: str, payload: Buffer) -> bytes:
    """Encode a broadcast; raise ValueError if a part exceeds 255 bytes."""
    return _encode(BROADCAST, (topic, event), payload)


def _text(ref: Any) -> str:
    """Return a ref as a string, as Elixir's to_string does: nil is empty."""
    return "" if ref is None else str(ref)


def _encode(kind: int, texts: tuple[str, ...], payload: Buffer) -> bytes:
    parts = [text.encode() for text in texts]
    sizes = [len(part) for part in parts]
    if max(sizes) > _LONGEST_PART:
        longest = max(texts, key=len)
        raise ValueError(f"{longest[:40]!r}... is longer than {_LONGEST_PART} bytes")
    return b"".join((bytes((kind, *sizes)), *parts, payload))
