"""The views of an archive in DuckDB: its tables, with times as timestamps and prices as numbers."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import duckdb
import pyarrow as pa

from tickfire.archive.commits import Commits, recorded
from tickfire.archive.files import current
from tickfire.archive.tables import (
    BARS,
    BOOKS,
    NEWS,
    SENTIMENT,
    SIGNALS,
    TABLE,
    TABLES,
    TICKS,
    TOPS,
    Table,
)
from tickfire.archive.target import Target
from tickfire.base.units import UNDEF_PRICE

GAPS: Final = "gaps"
TRADES: Final = "trades"
QUOTES: Final = "quotes"
_GAPS: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("table", "source", "epoch")),
        *(pa.field(name, pa.uint64()) for name in ("first", "last")),
        pa.field("noticed", pa.int64()),
    ]
)


def quoted(text: str) -> str:
    """Return text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _price(name: str) -> str:
    return f"CASE WHEN {name} <> {UNDEF_PRICE} THEN {name} / 1e9 END AS {name}"


def _time(name: str, given: str = "time") -> str:
    return f'make_timestamp_ns("{name}") AS {given}'


def _levels(side: str) -> str:
    known = f"list_filter({side}_price, lambda p: p <> {UNDEF_PRICE})"
    price = f"list_transform({known}, lambda p: p / 1e9) AS {side}_price"
    others = (f"{side}_{name}[1:len({known})] AS {side}_{name}" for name in ("size", "count"))
    return ", ".join((price, *others))


_SELECT: Final = {
    TICKS: f"{_time('ts_event')}, symbol, CASE kind WHEN 1 THEN 'trade' WHEN 2 THEN 'bid'"
    f" WHEN 3 THEN 'ask' ELSE 'clear' END AS kind, {_price('price')}, size, chr(side) AS side,"
    f" flags, sequence, feed, instrument_id, epoch, shard, position, ts_event,"
    f" {_time('received', 'received')}, day",
    BARS: f"{_time('start')}, symbol, interval_s, {_price('open')}, {_price('high')},"
    f" {_price('low')}, {_price('close')}, volume, {_price('vwap')}, trades, flags, feed,"
    " instrument_id, epoch, shard, n AS position, entry, entry_index, day",
    BOOKS: f"{_time('ts_event')}, symbol, publisher_id, {_levels('bid')}, {_levels('ask')}, flags,"
    " sequence, feed, instrument_id, epoch, shard, entry, entry_index, day",
    TOPS: f"{_time('ts_event')}, symbol, publisher_id, {_price('bid_price')}, bid_size,"
    f" {_price('ask_price')}, ask_size, flags, feed, instrument_id, epoch, shard, entry,"
    " entry_index, day",
    NEWS: f"{_time('published')}, id, title, summary, source, url, symbols, origin,"
    f" {_time('received', 'received')}, day",
    SENTIMENT: f"{_time('at')}, headline, label, bearish, neutral, bullish, abstained, words,"
    " symbols, model, day",
    SIGNALS: f"{_time('at')}, symbol, event, detail, model, n AS position,"
    " coalesce(id, entry || '-' || entry_index) AS id, day",
}


def connect(target: Target) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory that reads the files of an archive."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    if not target.is_local:
        connection.register_filesystem(target.fs)
    return connection


ATTEMPTS: Final = 3


def open_views(target: Target, sql: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory with the views of an archive.

    Parameters
    ----------
    target : Target
    sql : str, optional
        The query. Of tables that it does not name, only the columns are there, so that their files
        need not be listed.
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(duckdb.IOException):  # a file was merged since it was listed
            return _open_views(target, sql)
    return _open_views(target, sql)


def _open_views(target: Target, sql: str | None) -> duckdb.DuckDBPyConnection:
    connection = connect(target)
    for name in TABLES:
        rows = _source(target, TABLE[name], connection, is_named=_names(sql, name))
        connection.execute(f"CREATE VIEW {name} AS SELECT {_SELECT[name]} FROM {rows}")
    connection.execute(f"CREATE VIEW {TRADES} AS SELECT * FROM {TICKS} WHERE kind = 'trade'")
    connection.execute(
        f"CREATE VIEW {QUOTES} AS SELECT * FROM {TICKS} WHERE kind IN ('bid', 'ask')"
    )
    known = _gaps(target) if _names(sql, GAPS) else []
    gaps = _hidden(connection, GAPS, pa.Table.from_pylist(known, schema=_GAPS))
    connection.execute(
        f"CREATE VIEW {GAPS} AS SELECT * REPLACE (make_timestamp_ns(noticed) AS noticed)"
        f" FROM {gaps}"
    )
    return connection


def _hidden(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> str:
    """Return the name of a table with some rows, which ``SHOW TABLES`` leaves out."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS hidden")
    connection.register("given", rows)
    connection.execute(f"CREATE TABLE hidden.{name} AS SELECT * FROM given")
    connection.unregister("given")
    return f"hidden.{name}"


def _names(sql: str | None, table: str) -> bool:
    """Return whether a query may read a table, by itself or by one of its views."""
    if sql is None:
        return True
    views = (TICKS, TRADES, QUOTES) if table == TICKS else (table,)
    return any(view in sql.lower() for view in views)


def with_added(table: Table, relation: str) -> str:
    """Return a relation of files of a table in which each row has all columns of the table.

    Parameters
    ----------
    table : Table
    relation : str
        A call of ``read_parquet``; of a table with added columns, with ``union_by_name``.
    """
    if not table.added:
        return relation
    columns = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in table.added)
    return f"(SELECT {columns} WHERE false UNION ALL BY NAME SELECT * FROM {relation})"


def _source(
    target: Target, table: Table, connection: duckdb.DuckDBPyConnection, *, is_named: bool
) -> str:
    """Return the relation of a table's files, which is empty if there are none."""
    files = current(target.find(table.name)) if is_named else []
    if files:
        listed = ", ".join(quoted(target.address(path)) for path in files)
        return with_added(
            table,
            f"read_parquet([{listed}], union_by_name = {bool(table.added)},"
            " hive_partitioning = true, hive_types = {'day': DATE, 'symbol': VARCHAR})",
        )
    empty = table.schema.append(pa.field("day", pa.date32()))
    if "symbol" not in empty.names:
        empty = empty.append(pa.field("symbol", pa.string()))
    return _hidden(connection, table.name, empty.empty_table())


def _gaps(target: Target) -> list[dict[str, Any]]:
    rows = []
    for table, source in recorded(target):
        for commit in Commits(target, table, source).all():
            about: dict[str, Any] = {"table": table, "source": source.name, "epoch": source.epoch}
            about["noticed"] = commit.written
            rows += [about | {"first": f, "last": last} for f, last in commit.missing]
    return rows
