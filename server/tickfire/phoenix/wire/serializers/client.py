"""The client's side of the serializers: it encodes pushes and decodes what a server sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.jsoncodec import encode_json
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import binary
from tickfire.phoenix.wire.serializers.v2 import BYTES

_decode_array: Final = msgspec.json.Decoder(Message).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class ClientSerializer(Protocol):
    """Encoding of a client's messages in one version of the protocol."""

    vsn: str
    """The connect param `vsn`."""

    def encode(self, message: Message) -> str | bytes:
        """Return the payload of a frame: text, or bytes for a binary frame."""

    def decode(self, data: str | bytes) -> Message:
        """Decode the payload of a frame; raise DecodeError if it is not a message."""


class ClientV2:
    """Client's serializer of vsn 2.0.0: JSON arrays, and binary messages."""

    vsn = "2.0.0"

    def encode(self, message: Message) -> str | bytes:
        """Return JSON text, or a binary push if the payload is bytes.

        Raises
        ------
        ValueError
            If a part of a binary push exceeds 255 bytes.
        """
        if isinstance(message.payload, BYTES):
            return binary.encode_client_push(
                message.join_ref, message.ref, message.topic, message.event, message.payload
            )
        return encode_json(message).decode()

    def decode(self, data: str | bytes) -> Message:
        """Decode a text frame, or a binary push, reply or broadcast."""
        if isinstance(data, bytes):
            return binary.decode_server_message(data)
        return _decoded(_decode_array, data)


class ClientV1:
    """Client's serializer of vsn 1.0.0: JSON objects, and no binary messages."""

    vsn = "1.0.0"

    def encode(self, message: Message) -> str:
        """Return JSON text; raise TypeError if the payload is bytes."""
        if isinstance(message.payload, BYTES):
            raise TypeError("vsn 1.0.0 has no binary messages: connect with vsn 2.0.0")
        pairs = {
            "topic": message.topic,
            "event": message.event,
            "payload": message.payload,
            "ref": message.ref,
        }
        if message.join_ref is not None:
            pairs["join_ref"] = message.join_ref
        return encode_json(pairs).decode()

    def decode(self, data: str | bytes) -> Message:
        """Decode a JSON object."""
        pairs = _decoded(_decode_object, data)
        try:
            return Message(
                pairs.get("join_ref"), pairs["ref"], pairs["topic"], pairs["event"],
                pairs["payload"],
            )  # fmt: skip
        except KeyError as missing:
            raise DecodeError(f"the message has no {missing}") from None


CLIENT_SERIALIZERS: Final[dict[str, Callable[[], ClientSerializer]]] = {
    ClientV2.vsn: ClientV2,
    ClientV1.vsn: ClientV1,
}
"""Client's serializers by the connect param `vsn`."""


def _decoded[T](decode: Callable[[str | bytes], T], data: str | bytes) -> T:
    try:
        return decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError(str(error)) from None
