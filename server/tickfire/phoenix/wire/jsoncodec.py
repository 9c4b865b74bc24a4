"""JSON as Phoenix reads it, on top of msgspec.

msgspec refuses what Phoenix refuses (NaN, lone surrogates, a BOM, control characters, 1e400,
trailing bytes) and keeps what Phoenix keeps (1.0, -0.0, integers beyond 64 bits). Where they
differ:

- Of duplicate keys msgspec keeps the last, Phoenix the first. A cheap count tells when there can
  be none, which is nearly always; otherwise the text is read once more, by the standard library,
  whose hook sees every pair.
- msgspec refuses integers of more than 4,300 digits, and nesting beyond the interpreter's
  recursion limit. So do we.
- Going out, msgspec writes NaN and infinities as null, as JavaScript does; Elixir has neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tickfire.phoenix.wire.errors import DecodeError

encode_json: Final = msgspec.json.Encoder().encode

_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)

# A colon may be written as an escape, which the count of colons does not see.
_MAYBE_ESCAPED_COLON = b"\\u003"


class JSONReader[T]:
    """Decodes JSON text into one type.

    Parameters
    ----------
    into
        The type of the result. Values inside it are plain Python values.
    flat_objects
        How many objects the text of a flat message has: the payload, and what is around it.
    flat_colons
        How many colons the text of a result has if it is flat and its topic alone holds some; -1
        if it cannot be flat.
    parts
        Takes a result apart into all the plain values in it.
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
        """Decode `data`.

        Raises
        ------
        DecodeError
            if it is not JSON of that type
        """
        return self.check(self.decode(data), data)

    def decode(self, data: bytes) -> T:
        """Decode `data`, with whichever of duplicate keys; `check` is to follow."""
        try:
            return self._decode(data)
        except _FAULTS as error:
            raise DecodeError(str(error)) from None

    def check(self, value: T, data: bytes) -> T:
        """Return what was decoded, with the first of duplicate keys."""
        colons = data.count(b":")
        if not colons or self._is_faithful(value, data, colons):
            return value
        try:
            pairs_seen = json.loads(data.decode(), object_pairs_hook=_first_wins)
            return msgspec.convert(pairs_seen, self._into)
        except _FAULTS as error:
            raise DecodeError(str(error)) from None

    def _is_faithful(self, value: T, data: bytes, colons: int) -> bool:
        """Return whether no pair of `data` was lost to a duplicate key on the way to `value`."""
        if b"\\" in data and _MAYBE_ESCAPED_COLON in data:  # the first is found much faster
            return False
        if data.count(b"{") == self._flat_objects and colons == self._flat_colons(value):
            return True
        return colons == _count_colons(self._parts(value))


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else dict(reversed(pairs))


def _count_colons(todo: list[Any]) -> int:
    """Return how many colons the JSON text of these values has: a pair's, and those in strings."""
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
