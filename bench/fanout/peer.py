"""The protocol of the load generator, for peers without sessions, limits or crash isolation."""

from __future__ import annotations

from typing import Any, Final

import msgspec

PATH: Final = "/socket/websocket"

encode = msgspec.json.encode
decode = msgspec.json.decode


def tick(topic: str, payload: Any) -> bytes:
    """Return the frame of a broadcast."""
    return encode([None, None, topic, "tick", payload])


def reply(join_ref: Any, ref: Any, topic: str, event: str, payload: Any) -> bytes:
    """Return the frame that answers a message: an echo its own payload, anything else nothing."""
    response = payload if event == "echo" else {}
    return encode([join_ref, ref, topic, "phx_reply", {"response": response, "status": "ok"}])
