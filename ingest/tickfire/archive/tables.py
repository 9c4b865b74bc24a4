"""The tables of the archive: their columns, and the rows of stream entries.

Columns of market data have the names, units and types of the layouts in docs/formats.md: times are
int64 ns since the Unix epoch, prices int64 in 1e-9. In addition each row has the id of the entry
that it came from, by which the order of a stream is restored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tickfire.archive.names import Id, Source
from tickfire.base.units import NS_PER_MS
from tickfire.store.entries import BadEntry, Entry, bars_of, id_parts, ticks_of
from tickfire.store.schema import (
    BAR,
    BOOK,
    BOOK_DEPTH,
    TICK,
    TOP,
    Headline,
    Rows,
    Stream,
    bars_key,
    books_key,
    ticks_key,
    tops_key,
)

TICKS: Final = "ticks"
BARS: Final = "bars"
BOOKS: Final = "books"
TOPS: Final = "tops"
NEWS: Final = "news"
SENTIMENT: Final = "sentiment"
SIGNALS: Final = "signals"
TABLES: Final = (TICKS, BARS, BOOKS, TOPS, NEWS, SENTIMENT, SIGNALS)

NO_SYMBOL: Final = "_"
"""The folder of rows that stand for no symbol, or for several."""
_ARROW: Final = {"i8": pa.int64(), "u8": pa.uint64(), "u4": pa.uint32(), "u2": pa.uint16()}
_ID: Final = [pa.field("entry", pa.uint64()), pa.field("entry_index", pa.uint32())]
_SOURCE: Final = [pa.field("epoch", pa.string()), pa.field("shard", pa.uint8())]
_HEADLINES: Final = msgspec.msgpack.Decoder(Headline)


@dataclass(slots=True)
class Batch:
    """Decoded entries of one table and source.

    Attributes
    ----------
    rows : Rows or list of dict
        Structured rows of market data, or maps of the columns of the others.
    ids : uint64[n, 2]
        The id of the entry of each row.
    stamps : int64[n, 3] or None
        Of ticks: when they were received, parsed and written, ns.
    first, last : pair of int
        Ids of the first and last entry; of ticks, positions.
    missing : list of pairs of int
        Ranges of positions that lie between the entries, and before them.
    bad : int
        Number of entries that could not be decoded.
    repeated : int
        Number of rows that were left out, since they had been written before.
    """

    rows: Any
    ids: np.ndarray[Any, Any]
    stamps: np.ndarray[Any, Any] | None
    first: Id
    last: Id
    missing: list[tuple[int, int]]
    bad: int
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the archive.

    Attributes
    ----------
    name : str
    schema : pyarrow.Schema
    time : str
        The column whose day is that of the row.
    key : callable or None
        Returns the key of the stream that the rows come from; None if all feeds share it.
    identity : tuple of str
        The columns by which a row is known that was written twice, in two entries; empty if that
        cannot be.
    added : tuple of str
        Columns of text that files of earlier releases lack.
    """

    name: str
    schema: pa.Schema
    time: str
    key: Callable[[Stream], bytes] | None = None
    identity: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def decode(self, entries: Sequence[Entry], after: Id) -> Batch:
        """Return the rows of entries that come after an id."""
        return (_decode_ticks if self.name == TICKS else self._decode)(entries, after)

    def _decode(self, entries: Sequence[Entry], after: Id) -> Batch:
        unpack = _UNPACK[self.name]
        found: list[Any] = []
        ids: list[Id] = []
        bad = 0
        last, first = after, None
        for entry in entries:
            entry_id = id_parts(entry[0])
            if entry_id <= after:
                continue
            first, last = first or entry_id, entry_id
            try:
                rows = unpack(entry)
            except (BadEntry, msgspec.MsgspecError, ValueError, TypeError, AttributeError):
                bad += 1
                continue
            found.append(rows)
            ids += [entry_id] * len(rows)
        whole: Any = [row for rows in found for row in rows]
        if self.name in _LAYOUTS:
            whole = np.concatenate(found) if found else np.zeros(0, _LAYOUTS[self.name])
        return Batch(
            whole, np.array(ids, np.uint64).reshape(-1, 2), None, first or after, last, [], bad
        )


def _decode_ticks(entries: Sequence[Entry], after: Id) -> Batch:
    position, bad = after[0], 0
    first = position
    found: list[Rows] = []
    counts: list[int] = []
    stamps: list[tuple[int, int, int]] = []
    positions: list[np.ndarray[Any, Any]] = []
    missing: list[tuple[int, int]] = []
    for entry in entries:
        try:
            packed = ticks_of(entry)
        except BadEntry:
            bad += 1
            continue
        if packed.last <= position:
            continue
        part = packed.after(position)
        if part.first > position + 1:
            missing.append((position + 1, part.first - 1))
        if not found:
            first = part.first
        position = part.last
        found.append(part.ticks)
        counts.append(len(part.ticks))
        positions.append(np.arange(part.first, part.last + 1, dtype=np.uint64))
        stamps.append((part.received, part.parsed, part.written))
    rows = np.concatenate(found) if found else np.zeros(0, TICK)
    ids = np.zeros((len(rows), 2), np.uint64)
    if found:
        ids[:, 0] = np.concatenate(positions)
    repeated = np.repeat(np.array(stamps, np.int64).reshape(-1, 3), counts, axis=0)
    return Batch(rows, ids, repeated, (first, 0), (position, 0), missing, bad)


# --- rows of other entries
def _structured(dtype: np.dtype[np.void]) -> Callable[[Entry], Rows]:
    def unpack(entry: Entry) -> Rows:
        data = entry[1].get(b"d", b"")
        if not data or len(data) % dtype.itemsize:
            raise BadEntry(f"its data has {len(data)} bytes, not a multiple of {dtype.itemsize}")
        return np.frombuffer(data, dtype)

    return unpack


def _headline(entry: Entry) -> list[dict[str, Any]]:
    row = msgspec.structs.asdict(_HEADLINES.decode(entry[1].get(b"d", b"")))
    return [row | {"symbols": list(row["symbols"])}]


def _sentiment(entry: Entry) -> list[dict[str, Any]]:
    row = msgspec.msgpack.decode(entry[1].get(b"d", b""))
    bearish, neutral, bullish = row["probabilities"]
    shares = {"bearish": bearish, "neutral": neutral, "bullish": bullish}
    words = msgspec.json.encode(row.get("words", ())).decode()
    at = id_parts(entry[0])[0] * NS_PER_MS
    return [row | shares | {"at": at, "words": words, "symbols": list(row.get("symbols", ()))}]


def _signal(entry: Entry) -> list[dict[str, Any]]:
    row = msgspec.msgpack.decode(entry[1].get(b"d", b""))
    name = row.get("id") or entry[0].decode()
    return [row | {"detail": msgspec.json.encode(row["detail"]).decode(), "id": name}]


_LAYOUTS: Final = {BARS: BAR, BOOKS: BOOK, TOPS: TOP}
_UNPACK: Final[dict[str, Callable[[Entry], Any]]] = {
    BARS: bars_of,
    BOOKS: _structured(BOOK),
    TOPS: _structured(TOP),
    NEWS: _headline,
    SENTIMENT: _sentiment,
    SIGNALS: _signal,
}


# --- columns
def _fields(dtype: np.dtype[np.void]) -> list[pa.Field]:
    found = []
    for name in dtype.names or ():
        if name == "reserved":
            continue
        kind = dtype[name]
        arrow = pa.uint8() if kind.base.itemsize == 1 else _ARROW[kind.base.str[1:]]
        found.append(pa.field(name, pa.list_(arrow, BOOK_DEPTH) if kind.shape else arrow))
    return found


def _market(dtype: np.dtype[np.void]) -> pa.Schema:
    return pa.schema([*_SOURCE, *_ID, *_fields(dtype)])


def _texts(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in names]


def _times(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.int64()) for name in names]


def _shared(*fields: pa.Field) -> pa.Schema:
    """Return the columns of a table that all feeds share."""
    return pa.schema([*_ID, *fields])


_SYMBOLS: Final = pa.field("symbols", pa.list_(pa.string()))
_TICK_STAMPS: Final = _times("received", "parsed", "written")

TABLE: Final = {
    table.name: table
    for table in (
        Table(
            TICKS,
            pa.schema([*_SOURCE, pa.field("position", pa.uint64()), *_fields(TICK), *_TICK_STAMPS]),
            "ts_event",
            ticks_key,
        ),
        Table(BARS, _market(BAR), "start", bars_key),
        Table(BOOKS, _market(BOOK), "ts_event", books_key),
        Table(TOPS, _market(TOP), "ts_event", tops_key),
        Table(
            NEWS,
            _shared(
                *_texts("id", "title", "source"),
                *_times("published", "received"),
                *_texts("summary", "url", "origin"),
                _SYMBOLS,
            ),
            "published",
            identity=("id", "title", "published"),
        ),
        Table(
            SENTIMENT,
            _shared(
                *_times("at"),
                *_texts("headline", "label"),
                *(pa.field(name, pa.float64()) for name in ("bearish", "neutral", "bullish")),
                pa.field("abstained", pa.bool_()),
                *_texts("words", "model"),
                _SYMBOLS,
            ),
            "at",
            identity=("headline", "label", "bearish", "neutral", "bullish", "model"),
        ),
        Table(
            SIGNALS,
            _shared(
                *_texts("event", "symbol"),
                *_times("at"),
                *_texts("detail", "model"),
                pa.field("n", pa.uint64()),
                *_texts("id"),
            ),
            "at",
            identity=("id",),
            added=("id",),
        ),
    )
}
"""The tables by name."""


def to_arrow(table: Table, source: Source, batch: Batch, at: np.ndarray[Any, Any]) -> pa.Table:
    """Return some rows of a batch as an Arrow table.

    Parameters
    ----------
    table : Table
    source : Source
        The origin of the batch.
    batch : Batch
    at : int64[k]
        Indices of the rows, in order.
    """
    stream = source.stream
    if stream is None:
        return _of_maps(table, batch, at)
    rows = batch.rows[at]
    columns: list[pa.Array] = []
    for field in table.schema:
        if field in _SOURCE:
            same = source.epoch if field.name == "epoch" else stream.shard
            columns.append(pa.repeat(pa.scalar(same, field.type), len(at)))
            continue
        if field.name in ("position", "entry"):
            values: Any = batch.ids[at, 0]
        elif field.name == "entry_index":
            values = batch.ids[at, 1].astype(np.uint32)
        elif batch.stamps is not None and field in _TICK_STAMPS:
            values = batch.stamps[at, _TICK_STAMPS.index(field)]
        else:
            values = np.ascontiguousarray(rows[field.name])
        if values.ndim == 2:
            flat = pa.array(values.ravel(), field.type.value_type)
            columns.append(pa.FixedSizeListArray.from_arrays(flat, BOOK_DEPTH))
        else:
            columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def _of_maps(table: Table, batch: Batch, at: np.ndarray[Any, Any]) -> pa.Table:
    rows = []
    for index in at.tolist():
        entry, entry_index = batch.ids[index].tolist()
        rows.append({**batch.rows[index], "entry": entry, "entry_index": entry_index})
    return pa.Table.from_pylist(rows, schema=table.schema)
