"""JSON codec on top of msgspec, which decodes as Phoenix does.

Like Phoenix, msgspec refuses NaN, lone surrogates, a BOM, control characters, 1e400 and trailing
bytes, and preserves 1.0, -0.0 and integers beyond 64 bits. The differences:

- Of duplicate keys, msgspec keeps the last and Phoenix the first. Counting colons is a cheap way
  to rule out duplicates in nearly all messages; the others are decoded once more by the standard
  library, whose hook sees every pair.
- msgspec refuses integers of more than 4,300 digits, and nesting beyond the interpreter's
  recursion limit, and so does this module.
- When encoding, msgspec writes NaN and infinities as null, as JavaScript does; Elixir has neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tickfire.phoenix.wire.errors import DecodeError

encode_json: Final = msgspec.json.Encoder().encode

_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)

# Start of an escaped colon, which the count of colons would miss.
_MAYBE_ESCAPED_COLON = b"\\u003"


class JSONReader[T]:
    """Decoder of JSON text into one type.

    Parameters
    ----------
    into
        The type of the result. The values inside it are plain Python values.
    flat_objects
        Number of JSON objects in the text of a message whose payload is flat: the payload, and the
        message itself if it is an object.
    flat_colons
        Function that returns the number of colons in the text of a result, assuming that its
        payload is flat and that no string but the topic contains any; -1 if the payload is not an
        object or the topic not a string.
    parts
        Function that returns a list of all plain values in a result.
    """

    def __init__(
        self,
        into: type[T],
        flat_objects: int,
        flat_colons: Callable[[T], int],
        parts: Callable[[T], list[Any]],
    ) -> None:
        self._into = into
        self._flat_objects = flat_objects
        self._flat_colons = flat_colons
        self._parts = parts
        self._decode = msgspec.json.Decoder(into).decode

    def read(self, data: bytes) -> T:
        """Decode JSON text, keeping the first of duplicate keys.

        Raises
        ------
        DecodeError
            If the text is not valid JSON of the type.
        """
        return self.check(self.decode(data), data)

    def decode(self, data: bytes) -> T:
        """Decode JSON text without regard to duplicate keys; pass the result to `check`."""
        try:
            return self._decode(data)
        except _FAULTS as error:
            raise DecodeError(str(error)) from None

    def check(self, value: T, data: bytes) -> T:
        """Return a decoded value, decoded anew if needed to keep the first of duplicate keys."""
        colons = data.count(b":")
        if not colons or self._is_faithful(value, data, colons):
            return value
        try:
            pairs_seen = json.loads(data.decode(), object_pairs_hook=_first_wins)
            return msgspec.convert(pairs_seen, self._into)
        except _FAULTS as error:
            raise DecodeError(str(error)) from None

    def _is_faithful(self, value: T, data: bytes, colons: int) -> bool:
        """Return whether decoding `data` to `value` lost no pair to a duplicate key."""
        if b"\\" in data and _MAYBE_ESCAPED_COLON in data:  # a backslash is found much faster
            return False
        if data.count(b"{") == self._flat_objects and colons == self._flat_colons(value):
            return True
        return colons == _count_colons(self._parts(value))


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else dict(reversed(pairs))


def _count_colons(todo: list[Any]) -> int:
    """Return the number of colons in the JSON text of values: of pairs and in strings."""
    count = 0
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind is str:
            count += item.count(":")
        elif kind is dict:
            count += len(item) + "".join(item).count(":")
            todo.extend(item.values())
        elif kind is list:
            todo.extend(item)
    return count
