"""Codec of Erlang's external term format, for the kinds of terms that tokens hold.

Input is not trusted: size and nesting are limited, functions and unknown kinds are refused, and
atoms become strings without being kept in a table.

======================  ==========================================================
Elixir                  Python
======================  ==========================================================
integer, float          int, float
true, false, nil        True, False, None
other atoms             `Atom`, a str
binary                  str if it is UTF-8, else bytes
list, tuple, map        list, tuple, dict
======================  ==========================================================

https://www.erlang.org/doc/apps/erts/erl_ext_dist.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

MAX_SIZE = 1 << 20  # bytes
MAX_DEPTH = 64

VERSION = 131
SMALL_INTEGER, INTEGER, SMALL_BIG, LARGE_BIG = 97, 98, 110, 111
NEW_FLOAT = 70
ATOM, SMALL_ATOM, ATOM_UTF8, SMALL_ATOM_UTF8 = 100, 115, 118, 119
SMALL_TUPLE, LARGE_TUPLE = 104, 105
NIL, STRING, LIST = 106, 107, 108
BINARY, MAP = 109, 116

_SPECIAL_ATOMS: Final[dict[str, Any]] = {"true": True, "false": False, "nil": None}
_INT32 = range(-(1 << 31), 1 << 31)


class TermError(ValueError):
    """The bytes are not an accepted term, or the value cannot be encoded as one."""


class Atom(str):
    """An Elixir atom, equal to the string of its name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Atom({str(self)!r})"


# --- decoding
def decode_term(data: bytes) -> Any:
    """Decode one term.

    Raises
    ------
    TermError
        if the bytes are not a term, or one of a kind or size that is not accepted
    """
    if len(data) > MAX_SIZE:
        raise TermError(f"the term is larger than {MAX_SIZE} bytes")
    if not data or data[0] != VERSION:
        raise TermError("the bytes are not a term")
    reader = _Reader(data, 1)
    try:
        value = reader.term(0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError) as error:
        raise TermError(str(error)) from None
    if reader.at != len(data):
        raise TermError("bytes follow the term")
    return value


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def term(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise TermError(f"the term is nested deeper than {MAX_DEPTH} levels")
        tag = self._byte()
        read = _READERS.get(tag)
        if read is None:
            raise TermError(f"a term of kind {tag} is not accepted")
        return read(self, depth + 1)

    # --- pieces
    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        taken = self._data[self.at : self.at + size]
        if len(taken) != size:
            raise TermError("the term is cut short")
        self.at += size
        return taken

    def _count(self, size: int) -> int:
        """Read a number of elements; each takes a byte or more, so the data left limits it."""
        count = self._number(size)
        if count > len(self._data) - self.at:
            raise TermError("the term is cut short")
        return count

    # --- terms
    def small_integer(self, depth: int) -> int:
        return self._byte()

    def integer(self, depth: int) -> int:
        return int.from_bytes(self._take(4), "big", signed=True)

    def small_big(self, depth: int) -> int:
        return self._big(self._byte())

    def large_big(self, depth: int) -> int:
        return self._big(self._count(4))

    def _big(self, size: int) -> int:
        negative = self._byte()
        value = int.from_bytes(self._take(size), "little")
        return -value if negative else value

    def new_float(self, depth: int) -> float:
        value: float = struct.unpack(">d", self._take(8))[0]
        return value

    def atom(self, depth: int) -> Any:
        return _atom(self._take(self._number(2)).decode("latin-1"))

    def small_atom(self, depth: int) -> Any:
        return _atom(self._take(self._byte()).decode("latin-1"))

    def atom_utf8(self, depth: int) -> Any:
        return _atom(self._take(self._number(2)).decode())

    def small_atom_utf8(self, depth: int) -> Any:
        return _atom(self._take(self._byte()).decode())

    def small_tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple([self.term(depth) for _ in range(self._byte())])

    def large_tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple([self.term(depth) for _ in range(self._count(4))])

    def nil(self, depth: int) -> list[Any]:
        return []

    def string(self, depth: int) -> list[int]:
        return list(self._take(self._number(2)))

    def list(self, depth: int) -> Any:
        items = [self.term(depth) for _ in range(self._count(4))]
        if self._byte() != NIL:
            raise TermError("an improper list is not accepted")
        return items

    def binary(self, depth: int) -> str | bytes:
        data = self._take(self._number(4))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data

    def map(self, depth: int) -> dict[Any, Any]:
        result = {}
        for _ in range(self._count(4)):
            key = self.term(depth)
            result[key] = self.term(depth)
        return result


def _atom(name: str) -> Any:
    return _SPECIAL_ATOMS[name] if name in _SPECIAL_ATOMS else Atom(name)


_READERS: Final[dict[int, Callable[[_Reader, int], Any]]] = {
    SMALL_INTEGER: _Reader.small_integer,
    INTEGER: _Reader.integer,
    SMALL_BIG: _Reader.small_big,
    LARGE_BIG: _Reader.large_big,
    NEW_FLOAT: _Reader.new_float,
    ATOM: _Reader.atom,
    SMALL_ATOM: _Reader.small_atom,
    ATOM_UTF8: _Reader.atom_utf8,
    SMALL_ATOM_UTF8: _Reader.small_atom_utf8,
    SMALL_TUPLE: _Reader.small_tuple,
    LARGE_TUPLE: _Reader.large_tuple,
    NIL: _Reader.nil,
    STRING: _Reader.string,
    LIST: _Reader.list,
    BINARY: _Reader.binary,
    MAP: _Reader.map,
}


# --- encoding
def encode_term(value: Any) -> bytes:
    """Encode a value.

    Raises
    ------
    TermError
        if the value has no counterpart in Elixir
    """
    parts = [bytes((VERSION,))]
    _write(value, parts, 0)
    return b"".join(parts)


def _write(value: Any, parts: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TermError(f"the value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Atom | bool) or value is None:
        parts.append(_encode_atom(value))
    elif isinstance(value, int):
        parts.append(_encode_int(value))
    elif isinstance(value, float):
        parts.append(struct.pack(">Bd", NEW_FLOAT, value))
    elif isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        parts.append(struct.pack(">BI", BINARY, len(data)) + data)
    elif isinstance(value, tuple):
        _write_tuple(value, parts, depth)
    elif isinstance(value, list):
        _write_list(value, parts, depth)
    elif isinstance(value, dict):
        parts.append(struct.pack(">BI", MAP, len(value)))
        for key, item in value.items():
            _write(key, parts, depth + 1)
            _write(item, parts, depth + 1)
    else:
        raise TermError(f"a {type(value).__name__} cannot be encoded as a term")


def _write_tuple(value: tuple[Any, ...], parts: list[bytes], depth: int) -> None:
    small = len(value) < 256
    parts.append(
        struct.pack(">BB" if small else ">BI", SMALL_TUPLE if small else LARGE_TUPLE, len(value))
    )
    for item in value:
        _write(item, parts, depth + 1)


def _write_list(value: list[Any], parts: list[bytes], depth: int) -> None:
    if value:
        parts.append(struct.pack(">BI", LIST, len(value)))
        for item in value:
            _write(item, parts, depth + 1)
    parts.append(bytes((NIL,)))


def _encode_atom(value: Any) -> bytes:
    name = next((name for name, special in _SPECIAL_ATOMS.items() if special is value), value)
    data = str(name).encode()
    if len(data) > 255:
        raise TermError("an atom is longer than 255 bytes")
    # Prefer the older kind, which every release of Erlang reads.
    if data.isascii():
        return struct.pack(">BH", ATOM, len(data)) + data
    return struct.pack(">BB", SMALL_ATOM_UTF8, len(data)) + data


def _encode_int(value: int) -> bytes:
    if 0 <= value < 256:
        return bytes((SMALL_INTEGER, value))
    if value in _INT32:
        return struct.pack(">Bi", INTEGER, value)
    size = (abs(value).bit_length() + 7) // 8
    small = size < 256
    head = struct.pack(">BB" if small else ">BI", SMALL_BIG if small else LARGE_BIG, size)
    return head + bytes((value < 0,)) + abs(value).to_bytes(size, "little")
