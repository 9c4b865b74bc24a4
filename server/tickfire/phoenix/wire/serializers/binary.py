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
_SIZES = {PUSH: 3, REPLY: 4, BROADCAST: 2}
_LONGEST_PART = 255

type Buffer = bytes | bytearray | memoryview


def decode_push(data: bytes) -> Message:
    """Decode a push from a client.

    Raises
    ------
    DecodeError
        If the message is not of kind 0, is truncated, or a part is not UTF-8.
    """
    if len(data) < 1 + _SIZES_OF_PUSH or data[0] != PUSH:
        raise DecodeError("not a binary push")
    (join_ref, ref, topic, event), payload = _split(data, _SIZES_OF_PUSH)
    return Message(join_ref, ref, topic, event, payload)


def encode_client_push(
    join_ref: str | None, ref: str | None, topic: str, event: str, payload: Buffer
) -> bytes:
    """Encode a push to the server; raise ValueError if a part exceeds 255 bytes."""
    return _encode(PUSH, (_text(join_ref), _text(ref), topic, event), payload)


def decode_server_message(data: bytes) -> Message:
    """Decode a push, reply or broadcast from a server.

    Raises
    ------
    DecodeError
        If the message is of no known kind, is truncated, or a part is not UTF-8.
    """
    kind = data[0] if data else -1
    if kind not in _SIZES:
        raise DecodeError("not a binary push, reply or broadcast")
    parts, payload = _split(data, _SIZES[kind])
    if kind == REPLY:
        join_ref, ref, topic, status = parts
        return Message(join_ref, ref, topic, "phx_reply", {"status": status, "response": payload})
    *refs, topic, event = parts
    return Message(refs[0] if refs else None, None, topic, event, payload)


def _split(data: bytes, count: int) -> tuple[list[str], bytes]:
    """Return the texts of a binary message that has `count` sizes, and its payload."""
    at = 1 + count
    if len(data) < at:
        raise DecodeError("a binary message is truncated")
    parts = []
    for size in data[1:at]:
        parts.append(data[at : at + size])
        at += size
    if at > len(data):
        raise DecodeError("a binary message is truncated")
    try:
        return [part.decode() for part in parts], data[at:]
    except UnicodeDecodeError as error:
        raise DecodeError(str(error)) from None


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
