"""Reader of DBN files, plain or compressed with zstd, in chunks of whole records.

Chunks are new, 8-aligned arrays, although the records of a file may be unaligned after metadata
of versions 1 and 2. Memory use does not depend on the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.errors import CorruptDbnError, DbnError, NotDbnError, TruncatedDbnError
from tickfire.ingest.dbn.layout import HEADER_SIZE
from tickfire.ingest.dbn.metadata import PREFIX_SIZE, Metadata, metadata_size
from tickfire.ingest.dbn.walk_kernel import walk
from tickfire.ingest.dbn.zstd import Source, ZstdSource, is_zstd

DEFAULT_CHUNK_SIZE: Final = 1 << 20
MIN_CHUNK_SIZE: Final = 1024
"""Bytes; the largest record has 1,020."""

MAX_METADATA_RATIO: Final = 1000
"""Size of metadata for each byte of a file; compression of symbols comes to less than a tenth."""

_MAGIC_SIZE: Final = 4
_OTHER_COMPRESSION: Final = {
    b"\x1f\x8b": "gzip",
    b"BZ": "bzip2",
    b"\xfd7": "xz",
    b"PK": "zip",
    b"\x04\x22": "lz4",
}
"""By the first two bytes of a file."""


class DbnFile:
    """A DBN file whose metadata has been read.

    Attributes
    ----------
    path : Path
    metadata : Metadata

    See Also
    --------
    open_dbn : Open a file.
    """

    def __init__(self, path: Path, metadata: Metadata, records_at: int) -> None:
        self.path = path
        self.metadata = metadata
        self._records_at = records_at

    def chunks(
        self, size: int = DEFAULT_CHUNK_SIZE, on_read: Callable[[int], None] | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield all records of the file in chunks of whole records.

        Parameters
        ----------
        size : int
            The maximum size of a chunk in bytes, at least 1,024.
        on_read : callable, optional
            Called with the number of bytes of the file that have been read, at each read.

        Yields
        ------
        uint8[n]
            8-aligned, n <= size, and owned by the caller.

        Raises
        ------
        DbnError
            If the rest of the file cannot be read as records; those before it were yielded.
        """
        if size < MIN_CHUNK_SIZE:
            raise ValueError(f"a chunk has at least {MIN_CHUNK_SIZE} bytes")
        with _opened(self.path, on_read) as source:
            _skip(source, self._records_at)
            yield from _chunks(source, size, self._records_at)

    def read_all(self) -> NDArray[np.uint8]:
        """Return all records as one 8-aligned array, uint8[n].

        Raises
        ------
        DbnError
            If the file cannot be read to its end.
        """
        chunks = list(self.chunks())
        joined = aligned(sum(map(len, chunks)))
        return np.concatenate(chunks, out=joined) if chunks else joined


def open_dbn(path: str | Path) -> DbnFile:
    """Open a plain or compressed DBN file and read its metadata.

    Compression is detected by the content of the file, not by its name.

    Raises
    ------
    DbnError
        If the file is missing, cannot be read, or is not DBN of a supported version.
    """
    path = Path(path)
    with _opened(path) as source:
        head = _read_fully(source, PREFIX_SIZE)
        size = metadata_size(head)
        _check_ratio(size, path)
        head += _read_fully(source, size - PREFIX_SIZE)
        return DbnFile(path, Metadata.decode(head), size)


def aligned(size: int) -> NDArray[np.uint8]:
    """Return an uninitialised, 8-aligned array, uint8[size]."""
    return np.empty((size + 7) // 8, np.uint64).view(np.uint8)[:size]


class _Watched:
    """Source that reports how many bytes it has returned."""

    def __init__(self, source: Source, on_read: Callable[[int], None]) -> None:
        self._source = source
        self._on_read = on_read
        self._count = 0

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._count += len(data)
        self._on_read(self._count)
        return data


@contextmanager
def _opened(path: Path, on_read: Callable[[int], None] | None = None) -> Iterator[Source]:
    """Open a file for its decompressed bytes; errors inside the block name the file."""
    try:
        with path.open("rb") as raw:
            head = raw.read(_MAGIC_SIZE)
            raw.seek(0)
            if name := _OTHER_COMPRESSION.get(head[:2]):
                raise NotDbnError(f"is compressed with {name}, and only zstd can be read")
            watched = _Watched(raw, on_read) if on_read else raw
            yield ZstdSource(watched) if is_zstd(head) else watched
    except DbnError as error:
        raise type(error)(f"{path} {error}") from None
    except FileNotFoundError:
        raise DbnError(f"{path} does not exist") from None
    except IsADirectoryError:
        raise DbnError(f"{path} is a folder; name a .dbn or .dbn.zst file in it") from None
    except OSError as error:
        raise DbnError(f"{path} cannot be read: {error.strerror}") from None


def _check_ratio(size: int, path: Path) -> None:
    """Refuse metadata that is much longer than its file can hold, before it is decompressed."""
    packed = path.stat().st_size
    if packed and size > max(packed * MAX_METADATA_RATIO, DEFAULT_CHUNK_SIZE):
        raise CorruptDbnError(
            f"has corrupt metadata (its length would be {size} bytes, in a file of {packed})"
        )


def _read_fully(source: Source, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size and (more := source.read(min(size - len(data), DEFAULT_CHUNK_SIZE))):
        data += more
    return data


def _skip(source: Source, size: int) -> None:
    while size > 0 and (data := source.read(min(size, DEFAULT_CHUNK_SIZE))):
        size -= len(data)


def _chunks(source: Source, size: int, offset: int) -> Iterator[NDArray[np.uint8]]:
    buffer, filled = aligned(size), 0
    while data := source.read(size - filled):
        end = filled + len(data)
        buffer[filled:end] = np.frombuffer(data, np.uint8)
        stop = walk(buffer, end)
        rest = aligned(size)
        rest[: end - stop] = buffer[stop:end]
        if stop:
            yield buffer[:stop]
        buffer, filled, offset = rest, end - stop, offset + stop
        if filled:
            _check_length(int(buffer[0]) * 4, offset)
    if filled:
        raise TruncatedDbnError(f"is truncated inside a record, at byte {offset}")


def _check_length(length: int, offset: int) -> None:
    if length < HEADER_SIZE or length % 8:
        raise CorruptDbnError(
            f"has a record of an impossible length ({length} bytes) at byte {offset}"
        )
