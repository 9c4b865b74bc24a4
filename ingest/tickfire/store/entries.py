"""What ingest writes to Redis, as commands: tick entries, bar entries, snapshots.

`unpack_ticks` is how all others read what `tick_entries` made.

Each keeps its parts until it is acknowledged, so that it can be written again: over a new
connection as it is (explicit ids make Redis refuse what it already has), or under new positions
when the data set it belonged to is gone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from tickfire.store.resp import encode_command
from tickfire.store.schema import (
    BAR,
    ENTRY_SCHEMA_TICK,
    ENTRY_VERSION,
    MAX_TICKS_PER_ENTRY,
    SNAPSHOT_POSITION_FIELD,
    TICK,
    Rows,
    bars_key,
    instrument_field,
    snapshots_key,
    ticks_key,
)

_HEADER: Final = struct.Struct("<BBHIqqq")
"""ENTRY_HEADER; a struct packs it ten times faster than numpy fills a record."""

type Stamps = tuple[int, int, int]
"""Received, parsed, written: ns since the Unix epoch."""


class BadEntry(ValueError):
    """An entry that is not one of ours; it is counted and passed over."""


class Entry(Protocol):
    """One write of one shard."""

    def command(self) -> bytes:
        """Return it as a RESP command."""
        ...

    def shift(self, offset: int) -> None:
        """Lower the positions in it: a new data set counts from 1."""
        ...


@dataclass(slots=True)
class TickEntry:
    """TICK[count] of one shard as an entry of ``ticks:{s}``; the last one has position ``last``."""

    shard: int
    last: int
    count: int
    header: bytes
    data: bytes
    history: int

    def command(self) -> bytes:
        """Return the XADD; the stream is trimmed to about ``history`` ticks."""
        oldest = max(0, self.last - self.history)
        return encode_command(
            b"XADD", ticks_key(self.shard), b"MINID", b"~", oldest, b"%d-0" % self.last,
            b"h", self.header, b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Lower the position."""
        self.last -= offset


@dataclass(slots=True)
class BarEntry:
    """BAR[count] of one shard as an entry of ``bars:{s}``.

    Its id is ``<n>-<index>``: the shard's position when the bars were closed, and a running index.
    So a bar entry follows every tick up to n, and a repeated write is refused.
    """

    shard: int
    n: int
    index: int
    data: bytes
    history: int

    def command(self) -> bytes:
        """Return the XADD; the stream is trimmed to about ``history`` entries."""
        return encode_command(
            b"XADD", bars_key(self.shard), b"MAXLEN", b"~", self.history,
            b"%d-%d" % (self.n, self.index), b"d", self.data,
        )  # fmt: skip

    def shift(self, offset: int) -> None:
        """Lower the positions, those inside the bars too."""
        self.n = max(0, self.n - offset)
        bars = np.frombuffer(self.data, BAR).copy()
        bars["n"] = np.maximum(bars["n"].astype(np.int64) - offset, 0)
        self.data = bars.tobytes()


@dataclass(slots=True)
class SnapshotEntry:
    """STATE rows of one shard that hold at position ``n``."""

    shard: int
    n: int
    rows: Rows

    def command(self) -> bytes:
        """Return the HSET."""
        parts: list[bytes] = []
        for row in self.rows:
            parts += (instrument_field(int(row["feed"]), int(row["instrument_id"])), row.tobytes())
        position = (SNAPSHOT_POSITION_FIELD, b"%d" % self.n)
        return encode_command(b"HSET", snapshots_key(self.shard), *position, *parts)

    def shift(self, offset: int) -> None:
        """Lower the positions."""
        self.n = max(0, self.n - offset)
        for field in ("n", "trade_n"):
            self.rows[field] = np.maximum(self.rows[field] - offset, 0)


def tick_entries(
    shard: int, first: int, ticks: Rows, received: int, parsed: int, written: int, history: int
) -> list[TickEntry]:
    """Cut TICKs of one shard into entries.

    Parameters
    ----------
    first : int
        Position of the first tick.
    ticks : TICK[count]
    received, parsed, written : int
        ns since the Unix epoch, for the header.
    history : int
        Ticks the stream keeps.
    """
    entries = []
    for at in range(0, len(ticks), MAX_TICKS_PER_ENTRY):
        piece = ticks[at : at + MAX_TICKS_PER_ENTRY]
        count = len(piece)
        header = _HEADER.pack(ENTRY_VERSION, ENTRY_SCHEMA_TICK, 0, count, received, parsed, written)
        last = first + at + count - 1
        entries.append(TickEntry(shard, last, count, header, piece.tobytes(), history))
    return entries


def unpack_ticks(last: int, fields: Mapping[bytes, bytes]) -> tuple[Rows, Stamps]:
    """Read the fields of an entry of ``ticks:{s}``; everything is checked before a kernel sees it.

    Parameters
    ----------
    last : int
        Position of its last tick: its id.

    Returns
    -------
    TICK[count], tuple of int
        Read-only, and the stamps of the header.

    Raises
    ------
    BadEntry
        Header or length is not one of ours.
    """
    header = fields.get(b"h", b"")
    data = fields.get(b"d", b"")
    if len(header) != _HEADER.size:
        raise BadEntry(f"a header of {len(header)} bytes")
    version, schema, _, count, received, parsed, written = _HEADER.unpack(header)
    if version != ENTRY_VERSION or schema != ENTRY_SCHEMA_TICK:
        raise BadEntry(f"version {version}, schema {schema}")
    if not 0 < count <= MAX_TICKS_PER_ENTRY or count > last:
        raise BadEntry(f"{count} ticks that end at {last}")
    if len(data) != count * TICK.itemsize:
        raise BadEntry(f"{count} ticks in {len(data)} bytes")
    return np.frombuffer(data, TICK), (received, parsed, written)
