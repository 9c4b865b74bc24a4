"""Writes of ingest, as commands: entries of ticks and of bars, and snapshots. Pure.

A write keeps its parts until it is acknowledged, so that it can be sent again: as it is over a
new connection (explicit ids make Redis refuse an entry that it already has), or under new
positions where a new epoch has begun.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.resp import encode_command
from tickfire.store.schema import (
    BAR,
    ENTRY_SCHEMA_TICK,
    ENTRY_VERSION,
    SNAPSHOT_POSITION_FIELD,
    Rows,
    bars_key,
    instrument_field,
    snapshots_key,
    ticks_key,
)

HEADER: Final = struct.Struct("<BBHIqqq")
"""ENTRY_HEADER; a struct packs it ten times faster than numpy fills a record."""


class Write(Protocol):
    """One write to one shard."""

    def command(self) -> bytes:
        """Return the write as a RESP command."""
        ...

    def shift(self, offset: int) -> None:
        """Lower the positions in it by an offset, since a new epoch counts from 1."""
        ...


@dataclass(slots=True)
class TickWrite:
    """TICK[count] of one shard as an entry of ``ticks:{s}``.

    Attributes
    ----------
    shard : int
    last : int
        Position of the last tick; the id of the entry.
    count : int
    header, data : bytes
        Fields ``h`` and ``d``.
    history : int
        Ticks that the stream keeps, about.
    """

    shard: int
    last: int
    count: int
    header: bytes
    data: bytes
    history: int

    def command(self) -> bytes:
        """Return the XADD, which also trims the stream to about ``history`` ticks."""
        oldest = max(0, self.last - self.history)
        return encode_command(
            b"XADD", ticks_key(self.shard), b"MINID", b"~", oldest, b"%d-0" % self.last,
            b"h", self.header, b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Lower the position."""
        self.last -= offset


@dataclass(slots=True)
class BarWrite:
    """BAR[count] of one shard as an entry of ``bars:{s}``.

    Its id is ``<position>-<index>``: the shard's position when the bars were closed, and a
    running index. So a bar entry follows every tick up to that position, and a repeated write is
    refused.

    Attributes
    ----------
    shard, position, index : int
    data : bytes
        Field ``d``.
    history : int
        Entries that the stream keeps, about.
    """

    shard: int
    position: int
    index: int
    data: bytes
    history: int

    def command(self) -> bytes:
        """Return the XADD, which also trims the stream to about ``history`` entries."""
        return encode_command(
            b"XADD", bars_key(self.shard), b"MAXLEN", b"~", self.history,
            b"%d-%d" % (self.position, self.index), b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Lower the positions, those inside the bars too."""
        self.position = max(0, self.position - offset)
        bars = np.frombuffer(self.data, BAR).copy()
        bars["n"] = np.maximum(bars["n"].astype(np.int64) - offset, 0)
        self.data = bars.tobytes()


@dataclass(slots=True)
class SnapshotWrite:
    """STATE rows of one shard, which hold at a position."""

    shard: int
    position: int
    rows: Rows

    def command(self) -> bytes:
        """Return the HSET."""
        parts: list[bytes] = []
        for row in self.rows:
            parts += (instrument_field(int(row["feed"]), int(row["instrument_id"])), row.tobytes())
        position = (SNAPSHOT_POSITION_FIELD, b"%d" % self.position)
        return encode_command(b"HSET", snapshots_key(self.shard), *position, *parts)

    def shift(self, offset: int) -> None:
        """Lower the positions, those inside the rows too."""
        self.position = max(0, self.position - offset)
        for field in ("n", "trade_n"):
            self.rows[field] = np.maximum(self.rows[field] - offset, 0)


def tick_writes(
    shard: int, first: int, ticks: Rows, received: int, parsed: int, written: int, history: int
) -> list[TickWrite]:
    """Cut ticks of one shard into entries.

    Parameters
    ----------
    shard : int
    first : int
        Position of the first tick.
    ticks : TICK[count]
    received, parsed, written : int
        Stamps of the header, ns since the Unix epoch.
    history : int
        Ticks that the stream keeps, about.
    """
    writes = []
    for at in range(0, len(ticks), MAX_TICKS_PER_ENTRY):
        piece = ticks[at : at + MAX_TICKS_PER_ENTRY]
        count = len(piece)
        header = HEADER.pack(ENTRY_VERSION, ENTRY_SCHEMA_TICK, 0, count, received, parsed, written)
        last = first + at + count - 1
        writes.append(TickWrite(shard, last, count, header, piece.tobytes(), history))
    return writes
