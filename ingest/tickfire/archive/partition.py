"""The files of a batch: its rows by day and symbol, as Parquet.

The footer of a file of market data holds the rows of the instrument table that its rows belong to,
so that a file can be read without Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickfire.archive.names import DAY, Source, data_name, day_of, symbol_folder
from tickfire.archive.tables import NO_SYMBOL, SIGNALS, Batch, Table, to_arrow
from tickfire.base.calendar.bounds import DAY_NS
from tickfire.store.mappings import Mappings
from tickfire.store.schema import Instrument

INSTRUMENTS: Final = b"tickfire.instruments"
"""Field of the footer: rows of the instrument table, as JSON."""
GROWING: Final = frozenset(
    (
        *("position", "entry", "sequence", "n", "ts_event", "start", "published", "at"),
        *("received", "parsed", "written"),
    )
)
"""Columns whose values mostly grow, and are stored as differences: a fifth of the size of ticks."""


class Part(NamedTuple):
    """The rows of a batch that go to one file.

    Attributes
    ----------
    day : str
        Of UTC.
    symbol : str
    at : int64[k]
        Indices of the rows, in order.
    instruments : tuple of Instrument
    """

    day: str
    symbol: str
    at: np.ndarray[Any, Any]
    instruments: tuple[Instrument, ...]

    def name(self, table: Table, source: Source, batch: Batch) -> str:
        """Return the name of the file, from the root of the archive."""
        own = data_name(source, batch.first, batch.last)
        return f"{table.name}/{DAY}{self.day}/{symbol_folder(self.symbol)}/{own}"

    def encode(self, table: Table, source: Source, batch: Batch) -> pa.Buffer:
        """Return the content of the file."""
        rows = to_arrow(table, source, batch, self.at)
        if self.instruments:
            about = {INSTRUMENTS: msgspec.json.encode(self.instruments)}
            rows = rows.replace_schema_metadata(about)
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, **parquet_options(rows.schema))
        return sink.getvalue()


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Return the options of a Parquet file with some columns."""
    growing = [f.name for f in schema if f.name in GROWING and pa.types.is_integer(f.type)]
    others = [
        f"{f.name}.list.element" if pa.types.is_nested(f.type) else f.name
        for f in schema
        if f.name not in growing
    ]
    return {
        "compression": "zstd",
        "use_dictionary": others,
        "column_encoding": dict.fromkeys(growing, "DELTA_BINARY_PACKED"),
    }


def instruments_in(footer: dict[bytes, bytes] | None) -> tuple[Instrument, ...]:
    """Return the instruments that the metadata of a file names."""
    packed = (footer or {}).get(INSTRUMENTS)
    return msgspec.json.decode(packed, type=tuple[Instrument, ...]) if packed else ()


def parts_of(table: Table, batch: Batch, mappings: Mappings) -> Iterator[Part]:
    """Yield the parts of a batch, by day and symbol."""
    if table.key is not None:
        yield from _market_parts(table, batch, mappings)
        return
    groups: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(batch.rows):
        symbol = row["symbol"] if table.name == SIGNALS else NO_SYMBOL
        groups.setdefault((day_of(row[table.time]), symbol), []).append(index)
    for (day, symbol), own in groups.items():
        yield Part(day, symbol, np.array(own, np.int64), ())


def _market_parts(table: Table, batch: Batch, mappings: Mappings) -> Iterator[Part]:
    rows = batch.rows
    if not len(rows):
        return
    feed = int(rows["feed"][0])
    times = rows[table.time]
    bounds = np.array(mappings.bounds(feed), np.int64)
    spans = np.searchsorted(bounds, times, "right")
    keys = np.stack([rows["instrument_id"].astype(np.int64), spans, times // DAY_NS], axis=1)
    groups, which = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(len(groups)), "right")
    found: dict[tuple[str, str], list[tuple[Instrument, np.ndarray[Any, Any]]]] = {}
    for group, at in zip(groups.tolist(), np.split(order, ends[:-1]), strict=True):
        row = mappings.named(feed, group[0], int(times[at[0]]))
        day = day_of(group[2] * DAY_NS)
        found.setdefault((day, row.symbol), []).append((row, at))
    for (day, symbol), pieces in found.items():
        at = np.sort(np.concatenate([own for _, own in pieces]))
        yield Part(day, symbol, at, tuple(dict.fromkeys(row for row, _ in pieces)))
