"""Messages as a test's client gets them, decoded."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tickfire.phoenix.wire.frames import Opcode
from tickfire.phoenix.wire.serializers.binary import decode_server_message


class Received(msgspec.Struct, frozen=True):
    """One message that a client got."""

    join_ref: Any
    ref: Any
    topic: str
    event: str
    payload: Any


def decode(opcode: int, data: bytes) -> Received:
    """Decode the payload of a frame."""
    if opcode == Opcode.TEXT:
        return Received(*json.loads(data))
    message = decode_server_message(data)
    return Received(message.join_ref, message.ref, message.topic, message.event, message.payload)
