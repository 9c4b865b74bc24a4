"""Limits of a client's messages beyond their size. Phoenix has none, and none is the default."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.phoenix.wire.jsoncodec import encode_json
from tickfire.phoenix.wire.message import Message

_BINARY_PUSH: Final = b"\0"


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """Limits of what decoding and handling a message may cost.

    Attributes
    ----------
    max_name_size : int or None
        Greatest size of a topic, an event or a ref, in bytes. A binary message has room for 255
        each. A message beyond it is answered with an error.
    max_containers : int or None
        Greatest number of arrays and objects in a message, and so of levels too. It is the number
        of opening brackets and braces, those in strings included. A message beyond it closes the
        connection with 1009, before it is decoded.
    max_pairs : int or None
        Greatest number of members of objects, counted by colons, likewise. A message that repeats a
        key is decoded twice, since the first value counts, as in Phoenix.
    always_met_within : int
        Size of a message, in bytes, up to which it cannot be beyond any limit.
    """

    max_name_size: int | None = None
    max_containers: int | None = None
    max_pairs: int | None = None

    always_met_within: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        limits = (self.max_name_size, self.max_containers, self.max_pairs)
        least = min((limit for limit in limits if limit is not None), default=sys.maxsize)
        object.__setattr__(self, "always_met_within", least)

    def admits(self, data: bytes) -> bool:
        """Return whether a message may be decoded; a binary one costs nothing."""
        if data.startswith(_BINARY_PUSH):
            return True
        containers, pairs = self.max_containers, self.max_pairs
        if containers is not None and data.count(b"[") + data.count(b"{") > containers:
            return False
        return pairs is None or data.count(b":") <= pairs

    def fault(self, message: Message) -> str | None:
        """Return the reason to refuse a message for a name that is too long, or None."""
        if self.max_name_size is None:
            return None
        for name in ("topic", "event", "join_ref", "ref"):
            if self._is_long(getattr(message, name)):
                return f"{name} too long"
        return None

    def _is_long(self, name: Any) -> bool:
        if name is None:
            return False
        assert self.max_name_size is not None
        size = len(name.encode()) if isinstance(name, str) else len(encode_json(name))
        return size > self.max_name_size
