"""Records of which each publisher of an instrument has a present one: order books and their tops.

Each kind has a stream of its changes and a hash of the present records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from tickfire.store.entries import BadEntry
from tickfire.store.head import Arguments
from tickfire.store.limits import HISTORY_BY_PUBLISHER, MAX_BOOKS_PER_ENTRY, MAX_TOPS_PER_ENTRY
from tickfire.store.schema import (
    BOOK,
    TOP,
    Rows,
    Stream,
    books_key,
    present_books_key,
    present_tops_key,
    publisher_field,
    tops_key,
)


class Kind(NamedTuple):
    """A kind of record.

    Attributes
    ----------
    name : str
        For messages.
    dtype : numpy.dtype
        Its fields include ``instrument_id`` and ``publisher_id``.
    key, present_key : callable
        Return the keys of the stream of changes and of the hash of present records.
    per_entry : int
        Maximum number of records in an entry.
    """

    name: str
    dtype: np.dtype[Any]
    key: Callable[[Stream], bytes]
    present_key: Callable[[Stream], bytes]
    per_entry: int


BOOKS: Final = Kind("order books", BOOK, books_key, present_books_key, MAX_BOOKS_PER_ENTRY)
TOPS: Final = Kind("tops of book", TOP, tops_key, present_tops_key, MAX_TOPS_PER_ENTRY)


@dataclass(slots=True)
class ChangeWrite:
    """An entry of a stream of changes.

    Attributes
    ----------
    kind : Kind
    stream : Stream
    data : bytes
        The field ``d``: the records.
    """

    kind: Kind
    stream: Stream
    data: bytes

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return len(self.data)

    def command(self, now: int) -> Arguments:
        """Return the XADD command, which also trims the stream."""
        trim = (b"MAXLEN", b"~", HISTORY_BY_PUBLISHER)
        return b"XADD", self.kind.key(self.stream), *trim, b"*", b"d", self.data

    def shift(self, offset: int) -> None:
        """Leave the records as they are, since they hold no positions."""


@dataclass(slots=True)
class PresentWrite:
    """The present records of some publishers, for readers that begin.

    Attributes
    ----------
    kind : Kind
    stream : Stream
    records : structured array
    """

    kind: Kind
    stream: Stream
    records: Rows

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return self.records.nbytes

    def command(self, now: int) -> Arguments:
        """Return the HSET command."""
        parts: list[bytes] = []
        for record in self.records:
            field = publisher_field(int(record["instrument_id"]), int(record["publisher_id"]))
            parts += (field, record.tobytes())
        return b"HSET", self.kind.present_key(self.stream), *parts

    def shift(self, offset: int) -> None:
        """Leave the records as they are, since they hold no positions."""


def writes_of(kind: Kind, stream: Stream, records: Rows) -> list[ChangeWrite | PresentWrite]:
    """Divide records of one stream into entries, each with its part of the hash."""
    writes: list[ChangeWrite | PresentWrite] = []
    for at in range(0, len(records), kind.per_entry):
        piece = records[at : at + kind.per_entry]
        writes += (ChangeWrite(kind, stream, piece.tobytes()), PresentWrite(kind, stream, piece))
    return writes


def records_of(kind: Kind, data: bytes) -> Rows:
    """Unpack the field ``d`` of an entry, or a field of the hash, as records, read-only.

    Raises
    ------
    BadEntry
        The length is 0 or not a multiple of the size of a record.
    """
    if not data or len(data) % kind.dtype.itemsize:
        raise BadEntry(
            f"its data has {len(data)} bytes, but {kind.name} have {kind.dtype.itemsize} each"
        )
    return np.frombuffer(data, kind.dtype)
