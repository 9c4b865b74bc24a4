"""Serializers of the two protocol versions, vsn 1.0.0 and vsn 2.0.0, and of others.

A serializer decodes a client's frame into a `Message`, and encodes the server's messages into
finished WebSocket frames. Both are stateless; `lane` names the encoding in the hub.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers.by_message import MessageSerializer
from tickfire.phoenix.wire.serializers.v1 import V1Serializer
from tickfire.phoenix.wire.serializers.v2 import V2Serializer
from tickfire.phoenix.wire.versions import Requirement, parse_version

__all__ = [
    "MessageSerializer",
    "Serializer",
    "V1Serializer",
    "V2Serializer",
    "Versions",
    "negotiate",
    "versions_of",
]


class Serializer(Protocol):
    """Encoding of messages in one version of the protocol."""

    vsn: str
    """ "v1", "v2", or the version of a protocol of one's own, such as "3.0.0"."""

    @property
    def lane(self) -> str:
        """Name of the encoding in the hub, unique in it."""

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


class Versions:
    """Serializers and the versions that they are for; the first that matches is taken.

    Parameters
    ----------
    of : iterable of (Serializer, Requirement)
    """

    def __init__(self, of: Iterable[tuple[Serializer, Requirement]]) -> None:
        self._of = tuple(of)
        self._found: dict[str, Serializer] = {}  # nearly all clients send the same one

    def find(self, vsn: str) -> Serializer | None:
        """Return the serializer for a version, or None if it is malformed or none matches."""
        found = self._found.get(vsn)
        if found is not None:
            return found
        version = parse_version(vsn)
        if version is None:
            return None
        for serializer, requirement in self._of:
            if requirement.matches(version):
                if len(self._found) < _REMEMBERED:
                    self._found[vsn] = serializer
                return serializer
        return None


_DEFAULT_VSN = "1.0.0"
_REMEMBERED = 16


def versions_of(serializers: Iterable[Serializer]) -> Versions:
    """Return serializers with the versions that their `vsn` stands for."""
    return Versions((each, Requirement(f"~> {_first_version(each.vsn)}")) for each in serializers)


def _first_version(vsn: str) -> str:
    return f"{vsn[1:]}.0.0" if vsn.startswith("v") else vsn


def negotiate(params: dict[str, Any], versions: Versions) -> Serializer | None:
    """Return the serializer for the connect param `vsn`, or None if no version matches."""
    vsn = params.get("vsn", _DEFAULT_VSN)
    return versions.find(vsn) if isinstance(vsn, str) else None
