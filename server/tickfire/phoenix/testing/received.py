"""Messages as a test's client gets them, decoded."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tickfire.phoenix.wire.frames import Opcode
from tickfire.phoenix.wire.serializers.binary import BROADCAST, PUSH, REPLY


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
    kind = data[0]
    count = {PUSH: 3, REPLY: 4, BROADCAST: 2}[kind]
    parts, at = [], 1 + count
    for size in data[1 : 1 + count]:
        parts.append(data[at : at + size].decode())
        at += size
    payload = data[at:]
    if kind == PUSH:
        join_ref, topic, event = parts
        return Received(join_ref, None, topic, event, payload)
    if kind == BROADCAST:
        topic, event = parts
        return Received(None, None, topic, event, payload)
    join_ref, ref, topic, status = parts
    return Received(join_ref, ref, topic, "phx_reply", {"status": status, "response": payload})
