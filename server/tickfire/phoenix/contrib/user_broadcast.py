"""User broadcasts: the binary messages that Supabase Realtime adds to vsn 2.0.0.

::

    3, client to server   size of join_ref, ref, topic, user event, metadata; encoding;
                          those five; user payload
    4, server to client   size of topic, user event, metadata; encoding; those three; user payload

Every size is one byte that counts bytes. The encoding is 0 for a payload of bytes, and 1 for JSON.
The metadata is a JSON object, or empty.

Channels receive and broadcast them as the event "broadcast" with the payload `{"type": "broadcast",
"event": user event, "payload": user payload}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tickfire.phoenix.errors import DecodeError
from tickfire.phoenix.wire.frames import frame_binary
from tickfire.phoenix.wire.jsoncodec import encode_json
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import V2Serializer
from tickfire.phoenix.wire.serializers.binary import decode_push

__all__ = ["SupabaseSerializer", "decode_user_push", "encode_user_broadcast", "user_broadcast"]

USER_PUSH, USER_BROADCAST = 3, 4
BINARY, JSON = 0, 1
EVENT: Final = "broadcast"

_SIZES_OF_PUSH = 5
_LONGEST_PART = 255
_KIND_OF_PUSH = bytes((USER_PUSH,))
_decode_json = msgspec.json.Decoder().decode


def user_broadcast(event: str, payload: Any, meta: Mapping[str, Any] | None = None) -> Any:
    """Return the payload of the event "broadcast".

    Parameters
    ----------
    event
        The event that clients subscribe to.
    payload : any JSON value, or bytes
        The user payload; clients receive bytes as an ArrayBuffer.
    meta
        Metadata about the broadcast, set by the server.
    """
    message: dict[str, Any] = {"type": EVENT, "event": event, "payload": payload}
    if meta:
        message["meta"] = dict(meta)
    return message


def decode_user_push(data: bytes) -> Message:
    """Decode a message of kind 3.

    The metadata is dropped, because other clients would take it for the server's.

    Raises
    ------
    DecodeError
        If the message is truncated, its encoding is unknown, or its payload is invalid JSON.
    """
    at = 2 + _SIZES_OF_PUSH
    if len(data) < at:
        raise DecodeError("a user broadcast is cut short")
    encoding = data[at - 1]
    parts = []
    for size in data[1 : at - 1]:
        parts.append(data[at : at + size])
        at += size
    if at > len(data):
        raise DecodeError("a user broadcast is cut short")
    join_ref, ref, topic, event = (_text(part) for part in parts[:4])
    payload = user_broadcast(event, _payload(encoding, data[at:]))
    return Message(join_ref, ref, topic, EVENT, payload)


def encode_user_broadcast(topic: str, message: Mapping[str, Any]) -> bytes:
    """Return a message of kind 4.

    Parameters
    ----------
    topic
        The topic of the channel.
    message
        A payload from `user_broadcast`.

    Raises
    ------
    ValueError
        If the topic, event or encoded meta exceeds 255 bytes.
    """
    payload, meta = message["payload"], message.get("meta")
    parts = [topic.encode(), message["event"].encode(), encode_json(meta) if meta else b""]
    sizes = [len(part) for part in parts]
    if max(sizes) > _LONGEST_PART:
        raise ValueError(f"a part of a user broadcast is longer than {_LONGEST_PART} bytes")
    if isinstance(payload, bytes | bytearray | memoryview):
        return b"".join((bytes((USER_BROADCAST, *sizes, BINARY)), *parts, payload))
    return b"".join((bytes((USER_BROADCAST, *sizes, JSON)), *parts, encode_json(payload)))


class SupabaseSerializer(V2Serializer):
    """Serializer of vsn 2.0.0 with user broadcasts.

    Use it in a hub in place of V2Serializer, which it extends: `Hub((V1Serializer(),
    SupabaseSerializer()))`. Clients of vsn 1.0.0 receive user broadcasts as JSON, with bytes in
    base64.
    """

    def __init__(self) -> None:
        super().__init__()
        self.decode_binary = _decode_binary

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a push to one client."""
        if _is_user_broadcast(event, payload):
            return _frame(topic, payload) or super().encode_push(join_ref, topic, event, payload)
        return super().encode_push(join_ref, topic, event, payload)

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a broadcast."""
        if _is_user_broadcast(event, payload):
            return _frame(topic, payload) or super().encode_broadcast(topic, event, payload)
        return super().encode_broadcast(topic, event, payload)


def _is_user_broadcast(event: str, payload: Any) -> bool:
    return (
        event == EVENT
        and isinstance(payload, Mapping)
        and payload.keys() >= {"event", "payload"}
        and isinstance(payload["event"], str)
    )


def _frame(topic: str, message: Mapping[str, Any]) -> bytes | None:
    """Return the frame of a user broadcast, or None if its names are too long for one."""
    try:
        return frame_binary(encode_user_broadcast(topic, message))
    except ValueError:
        if isinstance(message["payload"], bytes | bytearray | memoryview):
            raise
        return None


def _decode_binary(data: bytes) -> Message:
    return decode_user_push(data) if data.startswith(_KIND_OF_PUSH) else decode_push(data)


def _text(part: bytes) -> str:
    """Decode a name; realtime-js encodes each character as one byte, other clients use UTF-8."""
    try:
        return part.decode()
    except UnicodeDecodeError:
        return part.decode("latin-1")


def _payload(encoding: int, data: bytes) -> Any:
    if encoding == BINARY:
        return data
    if encoding != JSON:
        raise DecodeError(f"a user broadcast has the unknown encoding {encoding}")
    try:
        return _decode_json(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError(str(error)) from None
