"""Base class of serializers that an application writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.frames import frame_binary, frame_text
from tickfire.phoenix.wire.message import Message

type Opcode = Literal["text", "binary"]


class MessageSerializer(ABC):
    """Serializer of a protocol of one's own, by two or three methods; subclass it.

    ::

        class MessagePack(MessageSerializer):
            vsn = "3.0.0"

            def decode(self, data, opcode):
                return Message(*msgspec.msgpack.decode(data))

            def encode(self, message):
                return msgspec.msgpack.encode(message)

        PhoenixSocket("/socket", User, serializers=[(MessagePack, "~> 3.0.0")])

    The methods are those of Phoenix's `Phoenix.Socket.Serializer`. Text is sent as a text frame,
    bytes as a binary one. What cannot be encoded raises TypeError or ValueError.

    Attributes
    ----------
    vsn : str
        Version of the protocol, for `Socket.vsn`.
    """

    vsn: ClassVar[str]

    @property
    def lane(self) -> str:
        """Name of the encoding in the hub."""
        return f"{type(self).__module__}.{type(self).__qualname__}:{id(self):x}"

    # --- to be overridden
    @abstractmethod
    def decode(self, data: bytes, opcode: Opcode) -> Message:
        """Decode the payload of a client's frame.

        Any exception means that it is no message, and closes the connection.
        """

    @abstractmethod
    def encode(self, message: Message) -> str | bytes:
        """Encode a message to one client.

        A reply is a message whose event is "phx_reply" and whose payload is ``{"status": ...,
        "response": ...}``.
        """

    def fastlane(self, message: Message) -> str | bytes:
        """Encode a broadcast, once for all subscribers: a message without refs."""
        return self.encode(message)

    # --- for the session and the hub
    def decode_text(self, data: bytes) -> Message:
        """Decode the payload of a text frame."""
        return self._decode(data, "text")

    def decode_binary(self, data: bytes) -> Message:
        """Decode the payload of a binary frame."""
        return self._decode(data, "binary")

    def encode_reply(
        self, join_ref: Any, ref: Any, topic: Any, status: str, response: Any
    ) -> bytes:
        """Return the frame of a phx_reply."""
        payload = {"status": status, "response": response}
        return _frame(self.encode(Message(join_ref, ref, topic, "phx_reply", payload)))

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a push to one client."""
        return _frame(self.encode(Message(join_ref, None, topic, event, payload)))

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a broadcast."""
        return _frame(self.fastlane(Message(None, None, topic, event, payload)))

    def encode_end(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a phx_close or phx_error."""
        return _frame(self.encode(Message(join_ref, join_ref, topic, event, payload)))

    def _decode(self, data: bytes, opcode: Opcode) -> Message:
        try:
            message = self.decode(data, opcode)
        except Exception as error:
            raise DecodeError(f"{type(self).__name__} cannot decode it: {error}") from error
        if not isinstance(message, Message):
            raise DecodeError(f"{type(self).__name__}.decode returned {message!r}, no Message")
        return message


def _frame(encoded: str | bytes) -> bytes:
    return frame_text(encoded.encode()) if isinstance(encoded, str) else frame_binary(encoded)
