"""Reader and writer of the parts of WebAssembly's binary format that the linker needs."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\0asm\1\0\0\0"


class Section(enum.IntEnum):
    """Ids of a module's sections."""

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
    """Sequential reader of bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Return whether any bytes are left."""
        return self._at < len(self._data)

    def byte(self) -> int:
        """Read one byte."""
        self._at += 1
        return self._data[self._at - 1]

    def take(self, count: int) -> bytes:
        """Read `count` bytes."""
        self._at += count
        return self._data[self._at - count : self._at]

    def uleb(self) -> int:
        """Read an unsigned LEB128 integer."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self) -> int:
        """Read a signed LEB128 integer."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def name(self) -> str:
        """Read a name: UTF-8 bytes preceded by their count."""
        return self.take(self.uleb()).decode()

    def sized(self) -> Reader:
        """Read bytes that are preceded by their count; return a reader of them."""
        return Reader(self.take(self.uleb()))

    def rest(self) -> bytes:
        """Read all remaining bytes."""
        return self.take(len(self._data) - self._at)

    @property
    def at(self) -> int:
        """Index of the next byte."""
        return self._at

    def since(self, start: int) -> bytes:
        """Return the bytes read since index `start`."""
        return self._data[start : self._at]


def sections(data: bytes) -> Iterator[tuple[Section, bytes]]:
    """Yield the sections of an object or a module, in order.

    Raises
    ------
    ValueError
        If the data do not start with WebAssembly's magic number and version 1.
    """
    reader = Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ValueError("the data are not a WebAssembly object of version 1")
    while reader:
        kind = Section(reader.byte())
        yield kind, reader.take(reader.uleb())


def uleb(value: int) -> bytes:
    """Encode an integer as unsigned LEB128."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """Encode an integer as signed LEB128."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def name(text: str) -> bytes:
    """Encode a name: UTF-8 bytes preceded by their count."""
    encoded = text.encode()
    return uleb(len(encoded)) + encoded


def vector(items: list[bytes]) -> bytes:
    """Join encoded items, preceded by their count."""
    return uleb(len(items)) + b"".join(items)


def section(kind: Section, body: bytes) -> bytes:
    """Encode a section."""
    return bytes([kind]) + uleb(len(body)) + body
