"""Serializers of the two protocol versions, vsn 1.0.0 and vsn 2.0.0.

A serializer decodes a client's frame into a `Message`, and encodes the server's messages into
finished WebSocket frames. Both are stateless; `lane` names the encoding in the hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers.v1 import V1Serializer
from tickfire.phoenix.wire.serializers.v2 import V2Serializer

__all__ = ["Serializer", "V1Serializer", "V2Serializer", "negotiate"]


class Serializer(Protocol):
    """Encoding of messages in one version of the protocol."""

    vsn: str
    """ "v1" or "v2"."""
    lane: str
    """Name of the encoding in the hub."""

    def decode_text(self, data: bytes, /) -> Message:
        """Decode the payload of a text frame; raise DecodeError if it is not a message."""

    def decode_binary(self, data: bytes, /) -> Message:
        """Decode the payload of a binary frame; raise DecodeError if it is not a message."""

    def encode_reply(
        self, join_ref: Any, ref: Any, topic: Any, status: str, response: Any
    ) -> bytes:
        """Return the frame of a phx_reply; a response of bytes is sent in binary."""

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a push to one client."""

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a broadcast, the same for every subscriber of the lane."""

    def encode_end(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the frame of a phx_close or phx_error, with the join_ref as its ref."""


# The version requirements of Phoenix, `~> 1.0.0` and `~> 2.0.0`, match no pre-releases.
_VSN = re.compile(r"([12])\.0\.(?:0|[1-9][0-9]*)(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?", re.ASCII)
_DEFAULT_VSN = "1.0.0"


def negotiate(params: dict[str, Any], serializers: Sequence[Serializer]) -> Serializer | None:
    """Return the serializer for the connect param `vsn`, or None if no version matches."""
    vsn = params.get("vsn", _DEFAULT_VSN)
    matched = _VSN.fullmatch(vsn) if isinstance(vsn, str) else None
    if matched is None:
        return None
    vsn = f"v{matched[1]}"
    return next((serializer for serializer in serializers if serializer.vsn == vsn), None)
