"""Sequence numbers and flags of a venue, looked at record by record.

A number is that of a message, or of a packet of several, so records may share one. It rises within
a channel, and a subscription to part of a channel has holes that mean nothing: they are counted
only where the feed is said to be dense.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.ingest.dbn.layout import FLAG_MAYBE_BAD_BOOK, FLAG_SNAPSHOT, RTYPE_MBO
from tickfire.ingest.kernel.intake_context import (
    CHANNELS,
    CUR_SEQUENCE,
    DENSE_CHANNEL,
    DENSE_NONE,
    HOLE_ROOM,
    HOLE_WORDS,
    IN_CHANNELS,
    IN_DENSE,
    IN_FLAGS_OFFSETS,
    IN_HOLE_LIST,
    IN_HOLES,
    IN_LISTED,
    IN_MAYBE_BAD,
    IN_MISSING,
    IN_OUT_OF_ORDER,
    IN_SEQUENCE_OFFSETS,
)
from tickfire.ingest.kernel.rows import home_of
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64, as_u8, as_u32

MBO_CHANNEL: Final = 37
"""Offset of the channel in an MBO record."""


@cold
def channel_of(x: Any, key: Any) -> Any:
    """Return the address of a channel's row, 0 if the table is full."""
    mask = uint64(CHANNELS - 1)
    home = home_of(key, mask)
    for k in range(CHANNELS):
        at = x[IN_CHANNELS] + int64((home + uint64(k)) & mask) * 16
        row = as_i64(at)
        if row[0] == key or row[0] == 0:
            row[0] = key
            return at
    return int64(0)


@cold
def note_hole(x: Any, source: Any, before: Any, number: Any, record: Any) -> None:
    """Count the numbers that are missing between two, and list the hole."""
    x[IN_HOLES] += 1
    x[IN_MISSING] += number - before - 1
    if x[IN_LISTED] < HOLE_ROOM:
        hole = as_i64(x[IN_HOLE_LIST] + x[IN_LISTED] * (8 * HOLE_WORDS))
        hole[0] = source
        hole[1] = before + 1
        hole[2] = number - 1
        hole[3] = as_i64(record)[1]
        x[IN_LISTED] += 1


@cold
def check_dense(x: Any, record: Any, source: Any, before: Any, number: Any) -> None:
    """Look for a hole before a record, where numbers are dense."""
    if x[IN_DENSE] == DENSE_CHANNEL:
        b1 = as_u8(record)
        channel = int64(b1[MBO_CHANNEL]) if b1[1] == uint8(RTYPE_MBO) else int64(0)
        source = source & int64(0xFFFF0000) | channel << int64(8)
        at = channel_of(x, source | int64(1))
        if at == 0:
            return
        row = as_i64(at)
        before = row[1]
        row[1] = number
    if before != 0 and number > before + 1:
        note_hole(x, source, before, number, record)


@helper
def note_sequence(x: Any, record: Any, length: Any, cursor: Any) -> None:
    """Note the sequence number and the flags of a record, whose source has the given cursor.

    The records of a book's snapshot have the numbers of earlier ones, and are left out.
    """
    rtype = as_u8(record)[1]
    at_flags = int64(as_u8(x[IN_FLAGS_OFFSETS])[rtype])
    if at_flags == 0 or at_flags >= length:
        return
    flags = as_u8(record)[at_flags]
    if flags & uint8(FLAG_MAYBE_BAD_BOOK) != uint8(0):
        x[IN_MAYBE_BAD] += 1
    offset = int64(as_u8(x[IN_SEQUENCE_OFFSETS])[rtype])
    if offset == 0 or offset + 4 > length or flags & uint8(FLAG_SNAPSHOT) != uint8(0):
        return
    number = int64(as_u32(record + offset)[0])
    before = cursor[CUR_SEQUENCE]
    if number == 0:
        return
    if number < before:
        x[IN_OUT_OF_ORDER] += 1
    cursor[CUR_SEQUENCE] = number
    if x[IN_DENSE] != DENSE_NONE:
        check_dense(x, record, as_i64(record)[0] & ~int64(0xFF), before, number)
