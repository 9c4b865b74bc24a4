"""Reader of zstd: frames of any window, one after another, and skippable frames between them.

pzstd writes a skippable frame before each frame, the seekable format one at the end. The format is
that of RFC 8878.
"""

from __future__ import annotations

from copy import copy
from typing import Final, Protocol

import zstandard

from tickfire.ingest.dbn.errors import CorruptDbnError, DbnError, TruncatedDbnError

MAX_WINDOW: Final = 1 << 31
"""Bytes; the largest window that ``zstd --long`` writes and that the library reads."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC: Final = b"\x2a\x4d\x18"
"""After a first byte of which the lower half is free."""
_LEGACY_MAGICS: Final = tuple(bytes((first, *b"\xb5\x2f\xfd")) for first in range(0x1E, 0x28))
_MAGIC_SIZE: Final = 4
_SKIPPABLE_HEADER_SIZE: Final = 8
_MAX_HEADER_SIZE: Final = 18
_INPUT_SIZE: Final = 1 << 10
"""Bytes decompressed at a time: the worst of them expand to 32 MiB."""
_READ_SIZE: Final = 1 << 14


def is_zstd(head: bytes) -> bool:
    """Return whether a file begins with a frame of zstd, given its first bytes."""
    magic = head[:_MAGIC_SIZE]
    return magic == _MAGIC or magic in _LEGACY_MAGICS or _is_skippable(magic)


class Source(Protocol):
    """Source of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, and none only at the end."""
        ...


class ZstdSource:
    """Source of decompressed bytes, which detects a truncated frame.

    Parameters
    ----------
    raw : Source
        Source of compressed bytes.
    """

    def __init__(self, raw: Source) -> None:
        self._raw = raw
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._compressed = b""
        self._ready = bytearray()
        self._failure: DbnError | None = None

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; bytes before broken compression are returned first."""
        while len(self._ready) < size and self._failure is None:
            try:
                if not self._fill():
                    break
            except DbnError as error:
                self._failure = copy(error)
        if self._failure is not None and not self._ready:
            raise copy(self._failure)  # its traceback leads here, to the memory of the window
        taken = bytes(memoryview(self._ready)[:size])
        del self._ready[:size]
        return taken

    def _fill(self) -> bool:
        """Decompress some bytes, or go on to the next frame; return False at the end."""
        if self._frame is None:
            return self._begin_frame()
        data = self._take(_INPUT_SIZE)
        if not data:
            raise TruncatedDbnError("is truncated inside a zstd frame")
        try:
            self._ready += self._frame.decompress(data)
        except (zstandard.ZstdError, MemoryError) as error:
            raise CorruptDbnError(f"is corrupt zstd ({error})") from None
        if self._frame.eof:
            self._compressed = self._frame.unused_data + self._compressed
            self._frame = None
        return True

    def _begin_frame(self) -> bool:
        head = self._peek(_MAX_HEADER_SIZE)
        if not head:
            return False
        magic = head[:_MAGIC_SIZE]
        if _is_skippable(magic):
            self._skip(head)
        elif magic == _MAGIC:
            _check_header(head)
            self._frame = self._decompressor.decompressobj()
        elif magic in _LEGACY_MAGICS:
            raise DbnError("is compressed with a version of zstd before 0.8; compress it again")
        elif _MAGIC.startswith(magic) or _begins_skippable(magic):
            raise TruncatedDbnError("is truncated inside a zstd frame")
        else:
            raise CorruptDbnError("is corrupt zstd (other bytes follow a frame)")
        return True

    def _skip(self, head: bytes) -> None:
        rest = _SKIPPABLE_HEADER_SIZE + int.from_bytes(head[4:8], "little")
        while rest and (skipped := self._take(min(rest, _READ_SIZE))):
            rest -= len(skipped)
        if rest:
            raise TruncatedDbnError("is truncated inside a skippable zstd frame")

    def _peek(self, size: int) -> bytes:
        while len(self._compressed) < size and (more := self._raw.read(_READ_SIZE)):
            self._compressed += more
        return self._compressed[:size]

    def _take(self, size: int) -> bytes:
        taken = self._peek(size)
        self._compressed = self._compressed[len(taken) :]
        return taken


def _is_skippable(magic: bytes) -> bool:
    return len(magic) == _MAGIC_SIZE and _begins_skippable(magic)


def _begins_skippable(magic: bytes) -> bool:
    return magic[0] >> 4 == 5 and _SKIPPABLE_MAGIC.startswith(magic[1:])


def _check_header(head: bytes) -> None:
    """Refuse a frame that cannot be read, by its header."""
    if len(head) <= _MAGIC_SIZE:
        raise TruncatedDbnError("is truncated inside a zstd frame")
    descriptor = head[_MAGIC_SIZE]
    if descriptor & 0x08:  # reserved: the library says so
        return
    if descriptor & 0x03:
        raise DbnError("is compressed with a zstd dictionary; compress it without one")
    if descriptor & 0x20 or len(head) < 6:  # a single segment has no window
        return
    exponent, eighths = divmod(head[5], 8)
    window = (1 << 10 + exponent) // 8 * (8 + eighths)
    if window > MAX_WINDOW:
        raise DbnError(
            f"is compressed with a zstd window of {window / 2**30:g} GiB, and at most "
            f"{MAX_WINDOW >> 30} GiB can be read; compress it with zstd --long=31 or less"
        )
