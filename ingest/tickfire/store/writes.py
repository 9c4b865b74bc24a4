"""Writes of ingest: entries of ticks and bars, snapshots and cursors. Pure.

A write is kept for some time, even after Redis has acknowledged it, so that it can be made again.
It is made again under the same id; after a new epoch has begun, its positions are lowered first.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec
import numpy as np

from tickfire.store.head import Arguments
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import (
    BAR,
    ENTRY_SCHEMA_TICK,
    ENTRY_VERSION,
    SNAPSHOT_POSITION_FIELD,
    TICK,
    Rows,
    Stream,
    bars_key,
    cursors_key,
    instrument_field,
    snapshots_key,
    ticks_key,
)

HEADER: Final = struct.Struct("<BBHIqqq")
"""Packer of ENTRY_HEADER, ten times faster than filling a numpy record."""
MAX_ROWS_PER_SNAPSHOT: Final = 1000
"""Lua, of which a batch is a script, takes up to some 8,000 arguments a command."""


class Write(Protocol):
    """A write to one stream."""

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        ...

    def command(self, now: int) -> Arguments:
        """Return the command, which is sent at `now`, in ns since the Unix epoch."""
        ...

    def shift(self, offset: int) -> None:
        """Subtract `offset` from all positions, as those of a new epoch begin at 1."""
        ...


class TickWrite(msgspec.Struct, gc=False):
    """An entry of ``ticks:{f.s}``.

    Attributes
    ----------
    stream : Stream
    last : int
        Position of the last tick, from which the entry's id is made.
    count : int
    received, parsed : int
        Times for the header, in ns since the Unix epoch; see ENTRY_HEADER.
    data : bytes or memoryview
        The field ``d``.
    history : int
        Approximate number of ticks to keep in the stream.
    written : int
        Time at which the entry was last sent, in ns since the Unix epoch; 0 before the first.
    """

    stream: Stream
    last: int
    count: int
    received: int
    parsed: int
    data: bytes | memoryview
    history: int
    written: int = 0

    def header(self, written: int) -> bytes:
        """Return the field ``h`` of an entry that is sent at `written`, in ns."""
        return HEADER.pack(
            ENTRY_VERSION, ENTRY_SCHEMA_TICK, 0, self.count, self.received, self.parsed, written
        )

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return len(self.data)

    def command(self, now: int) -> Arguments:
        """Return the XADD command, which also trims the stream to about `history` ticks."""
        self.written = now
        oldest = max(0, self.last - self.history)
        return (
            b"XADD", ticks_key(self.stream), b"MINID", b"~", oldest, b"%d-0" % self.last,
            b"h", self.header(now), b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Subtract `offset` from the position."""
        self.last -= offset


class BarWrite(msgspec.Struct, gc=False):
    """An entry of ``bars:{f.s}``.

    The id is ``<position>-<index>``: the position of the stream when the bars were closed, and a
    number that grows with each entry. The bars contain no tick after that position, and Redis
    refuses a repeated write.

    Attributes
    ----------
    stream : Stream
    position, index : int
    data : bytes
        The field ``d``: BAR[count].
    history : int
        Approximate number of entries to keep in the stream.
    """

    stream: Stream
    position: int
    index: int
    data: bytes
    history: int

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return len(self.data)

    def command(self, now: int) -> Arguments:
        """Return the XADD command, which also trims the stream to about `history` entries."""
        return (
            b"XADD", bars_key(self.stream), b"MAXLEN", b"~", self.history,
            b"%d-%d" % (self.position, self.index), b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Subtract `offset` from the position and from those in the bars, down to 0."""
        self.position = max(0, self.position - offset)
        bars = np.frombuffer(self.data, BAR).copy()
        bars["n"] = np.maximum(bars["n"].astype(np.int64) - offset, 0)
        self.data = bars.tobytes()


class SnapshotWrite(msgspec.Struct, gc=False):
    """Snapshots of instruments of one stream.

    Attributes
    ----------
    stream : Stream
    position : int
        Position of the last tick that the states include.
    rows : STATE[count]
    """

    stream: Stream
    position: int
    rows: Rows

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return self.rows.nbytes

    def command(self, now: int) -> Arguments:
        """Return the HSET command."""
        parts: list[bytes] = []
        for row in self.rows:
            parts += (instrument_field(int(row["feed"]), int(row["instrument_id"])), row.tobytes())
        position = (SNAPSHOT_POSITION_FIELD, b"%d" % self.position)
        return b"HSET", snapshots_key(self.stream), *position, *parts

    def shift(self, offset: int) -> None:
        """Subtract `offset` from the position and from those in the rows, down to 0."""
        self.position = max(0, self.position - offset)
        for field in ("n", "trade_n"):
            self.rows[field] = np.maximum(self.rows[field] - offset, 0)


class CursorWrite(msgspec.Struct, gc=False):
    """Cursors of the feed, from which it goes on after a restart.

    Attributes
    ----------
    stream : Stream
    fields : mapping of bytes to bytes
    """

    stream: Stream
    fields: Mapping[bytes, bytes]

    @property
    def size(self) -> int:
        """Number of bytes of data."""
        return sum(map(len, self.fields)) + sum(map(len, self.fields.values()))

    def command(self, now: int) -> Arguments:
        """Return the HSET command."""
        parts = [part for field in self.fields.items() for part in field]
        return b"HSET", cursors_key(self.stream), *parts

    def shift(self, offset: int) -> None:
        """Leave the cursors as they are, since they hold no positions."""


def tick_writes(
    stream: Stream, first: int, ticks: Rows, received: int, parsed: int, history: int
) -> list[TickWrite]:
    """Divide ticks of one stream into entries.

    Parameters
    ----------
    stream : Stream
    first : int
        Position of the first tick.
    ticks : TICK[count]
    received, parsed : int
        Times for the header, in ns since the Unix epoch; see ENTRY_HEADER.
    history : int
        Approximate number of ticks to keep in the stream.
    """
    writes = []
    whole = memoryview(ticks.tobytes())  # the entries share one copy
    for at in range(0, len(ticks), MAX_TICKS_PER_ENTRY):
        count = min(MAX_TICKS_PER_ENTRY, len(ticks) - at)
        last = first + at + count - 1
        data = whole[at * TICK.itemsize : (at + count) * TICK.itemsize]
        writes.append(TickWrite(stream, last, count, received, parsed, data, history))
    return writes


def snapshot_writes(stream: Stream, position: int, rows: Rows) -> list[SnapshotWrite]:
    """Divide the states of instruments of one stream into snapshots.

    Parameters
    ----------
    stream : Stream
    position : int
        Position of the last tick that the states include.
    rows : STATE[count]
    """
    starts = range(0, len(rows), MAX_ROWS_PER_SNAPSHOT)
    return [SnapshotWrite(stream, position, rows[at : at + MAX_ROWS_PER_SNAPSHOT]) for at in starts]
