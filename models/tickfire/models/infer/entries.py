"""Entries of ``ticks:{s}`` and ``bars:{s}``, as models get them. Pure."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from tickfire.ingest.schema import (
    BAR,
    ENTRY_HEADER,
    ENTRY_SCHEMA_TICK,
    ENTRY_VERSION,
    MAX_TICKS_PER_ENTRY,
    TICK,
)
from tickfire.models.infer.reading import Entry
from tickfire.models.infer.stream_model import Rows

__all__ = ["BadEntry", "bars_of", "is_after", "number_of", "ticks_of"]

_HEADER: Final = struct.Struct("<BBHIqqq")


class BadEntry(ValueError):
    """An entry that is not one of ours; it is counted and passed over."""


def number_of(entry_id: bytes) -> tuple[int, int]:
    """Return both parts of an id.

    Raises
    ------
    BadEntry
        It is not an id.
    """
    first, _, second = entry_id.partition(b"-")
    if not (first.isdigit() and second.isdigit()):
        raise BadEntry(f"{entry_id!r} is no id")
    return int(first), int(second)


def is_after(entry_id: bytes, position: bytes) -> bool:
    """Whether an id comes after another."""
    return number_of(entry_id) > number_of(position)


def ticks_of(entry: Entry) -> tuple[int, Rows]:
    """Return the position of the first tick, and TICK[count].

    Raises
    ------
    BadEntry
        Id, header or length are not ours.
    """
    number, fields = entry
    last, _ = number_of(number)
    header, data = fields.get(b"h", b""), fields.get(b"d", b"")
    if len(header) != ENTRY_HEADER.itemsize:
        raise BadEntry(f"a header of {len(header)} bytes")
    version, schema, _, count, *_ = _HEADER.unpack(header)
    if (version, schema) != (ENTRY_VERSION, ENTRY_SCHEMA_TICK):
        raise BadEntry(f"version {version}, schema {schema}")
    if not 0 < count <= min(MAX_TICKS_PER_ENTRY, last) or len(data) != count * TICK.itemsize:
        raise BadEntry(f"{count} ticks in {len(data)} bytes, up to {last}")
    return last - count + 1, np.frombuffer(data, TICK)


def bars_of(entry: Entry) -> Rows:
    """Return BAR[count].

    Raises
    ------
    BadEntry
        Its length is not that of bars.
    """
    data = entry[1].get(b"d", b"")
    if not data or len(data) % BAR.itemsize:
        raise BadEntry(f"bars in {len(data)} bytes")
    return np.frombuffer(data, BAR)
