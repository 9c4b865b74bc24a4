"""The binary format of WebAssembly, as far as an object and a module of kernels need it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\0asm\1\0\0\0"


class Section(enum.IntEnum):
    """The sections of a module, by their numbers."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12
    TAG = 13


class Reader:
    """A cursor over bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Return whether anything is left."""
        return self._at < len(self._data)

    def byte(self) -> int:
        """Take one byte."""
        self._at += 1
        return self._data[self._at - 1]

    def take(self, count: int) -> bytes:
        """Take some bytes."""
        self._at += count
        return self._data[self._at - count : self._at]

    def uleb(self) -> int:
        """Take an unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self) -> int:
        """Take a signed LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def name(self) -> str:
        """Take a name."""
        return self.take(self.uleb()).decode()

    def sized(self) -> Reader:
        """Take bytes that are preceded by their count, as a reader."""
        return Reader(self.take(self.uleb()))

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.take(len(self._data) - self._at)

    @property
    def at(self) -> int:
        """The offset of the next byte."""
        return self._at

    def since(self, start: int) -> bytes:
        """Return what was read since a place."""
        return self._data[start : self._at]


def sections(data: bytes) -> Iterator[tuple[Section, bytes]]:
    """Return the sections of an object or a module, in order."""
    reader = Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ValueError("not WebAssembly")
    while reader:
        kind = Section(reader.byte())
        yield kind, reader.take(reader.uleb())


def uleb(value: int) -> bytes:
    """Encode an unsigned LEB128."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """Encode a signed LEB128."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def name(text: str) -> bytes:
    """Encode a name."""
    encoded = text.encode()
    return uleb(len(encoded)) + encoded


def vector(items: list[bytes]) -> bytes:
    """Encode items, preceded by their count."""
    return uleb(len(items)) + b"".join(items)


def section(kind: Section, body: bytes) -> bytes:
    """Encode a section."""
    return bytes([kind]) + uleb(len(body)) + body
