"""Serializer of vsn 2.0.0: JSON arrays [join_ref, ref, topic, event, payload], and binary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tickfire.phoenix.wire.frames import frame_binary, frame_text
from tickfire.phoenix.wire.jsoncodec import JSONReader, encode_json
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import binary

BYTES = (bytes, bytearray, memoryview)
MAPS = (Mapping, msgspec.Struct)


class V2Serializer:
    """Serializer of vsn 2.0.0."""

    vsn = lane = "v2"

    def __init__(self) -> None:
        self._reader = JSONReader(Message, 1, _flat_colons, _parts)
        self.decode_binary: Callable[[bytes], Message] = binary.decode_push

    def decode_text(self, data: bytes) -> Message:
        """Decode a JSON array of five elements; further elements are ignored."""
        message = self._reader.decode(data)
        payload, topic = message.payload, message.topic
        if (
            type(payload) is dict
            and type(topic) is str
            and data.count(b":") == len(payload) + topic.count(":")
            and b"\\" not in data
        ):
            return message  # no key was duplicated; spares most messages the reader's full check
        return self._reader.check(message, data)

    def encode_reply(
        self, join_ref: Any, ref: Any, topic: Any, status: str, response: Any
    ) -> bytes:
        """Return the frame of a phx_reply; a response of bytes is sent in binary."""
        if type(response) is not dict and isinstance(response, BYTES):
            return frame_binary(binary.encode_reply(join_ref, ref, topic, status, response))
        body = {"response": response, "status": status}
        return frame_text(encode_json((join_ref, ref, topic, "phx_reply", body)))

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a push to one client.

        Raises
        ------
        TypeError
            If the payload is neither a map nor bytes.
        """
        if isinstance(payload, BYTES):
            return frame_binary(binary.encode_push(join_ref, topic, event, payload))
        _require_map(payload)
        return frame_text(encode_json((join_ref, None, topic, event, payload)))

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a broadcast.

        Raises
        ------
        TypeError
            If the payload is neither a map nor bytes, as for a push.
        """
        if isinstance(payload, BYTES):
            return frame_binary(binary.encode_broadcast(topic, event, payload))
        _require_map(payload)
        return frame_text(encode_json((None, None, topic, event, payload)))

    def encode_end(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a phx_close or phx_error, with the join_ref as its ref."""
        return frame_text(encode_json((join_ref, join_ref, topic, event, payload)))


def _flat_colons(message: Message) -> int:
    topic, payload = message.topic, message.payload
    if type(topic) is str and type(payload) is dict:
        return len(payload) + topic.count(":")
    return -1


def _parts(message: Message) -> list[Any]:
    return [message.join_ref, message.ref, message.topic, message.event, message.payload]


def _require_map(payload: Any) -> None:
    if type(payload) is not dict and not isinstance(payload, MAPS):
        raise TypeError(f"the payload must be a map or bytes, got {type(payload).__name__}")
