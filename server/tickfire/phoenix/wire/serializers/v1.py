"""Serializer of vsn 1.0.0: JSON objects with topic, event, payload and ref."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.frames import frame_text
from tickfire.phoenix.wire.jsoncodec import JSONReader, encode_json
from tickfire.phoenix.wire.message import Message

BYTES = (bytes, bytearray, memoryview)


class V1Serializer:
    """Serializer of vsn 1.0.0, which has no binary messages."""

    vsn = lane = "v1"

    def __init__(self) -> None:
        self._reader = JSONReader(dict[str, Any], 2, _flat_colons, lambda pairs: [pairs])

        self.decode_binary = self.decode_text  # this version ignores the opcode

    def decode_text(self, data: bytes) -> Message:
        """Decode a JSON object; only the join_ref may be missing."""
        pairs = self._reader.read(data)
        try:
            return Message(
                join_ref=pairs.get("join_ref"),
                ref=pairs["ref"],
                topic=pairs["topic"],
                event=pairs["event"],
                payload=pairs["payload"],
            )
        except KeyError as missing:
            raise DecodeError(f"the message has no {missing}") from None

    def encode_reply(
        self, join_ref: Any, ref: Any, topic: Any, status: str, response: Any
    ) -> bytes:
        """Return the frame of a phx_reply."""
        return _frame(topic, "phx_reply", {"response": response, "status": status}, ref)

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a push; the payload may be any JSON value."""
        return _frame(topic, event, payload, None)

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a broadcast."""
        return _frame(topic, event, payload, None)

    def encode_end(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a phx_close or phx_error."""
        return _frame(topic, event, payload, join_ref)


def _flat_colons(pairs: dict[str, Any]) -> int:
    topic, payload = pairs.get("topic"), pairs.get("payload")
    if type(topic) is str and type(payload) is dict:
        return len(pairs) + len(payload) + topic.count(":")
    return -1


def _frame(topic: Any, event: str, payload: Any, ref: Any) -> bytes:
    if isinstance(payload, BYTES):
        raise TypeError("vsn 1.0.0 has no binary messages: the client must connect with vsn 2.0.0")
    message = {"topic": topic, "event": event, "payload": payload, "ref": ref}
    return frame_text(encode_json(message))
