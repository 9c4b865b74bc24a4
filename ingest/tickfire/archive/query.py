"""`tickfire query`: an SQL query on an archive, and its rows as text."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any, Final

import duckdb
import pyarrow as pa

from tickfire.archive.target import Target
from tickfire.archive.views import open_views
from tickfire.base.errors import UserError

BATCH_ROWS: Final = 10_000
MAX_SHOWN: Final = 10_000
"""Rows of the form ``table``; more are counted and left out."""


def print_query(target: str, sql: str, form: str = "table", timeout_s: float = 0.0) -> None:
    """Run a query and print its rows on standard output.

    Parameters
    ----------
    target : str
        The archive.
    sql : str
    form : str
        ``table``, ``csv``, ``json`` (one object a line) or ``arrow`` (an IPC stream).
    timeout_s : float
        Seconds after which the query is given up; 0 for never.

    Raises
    ------
    UserError
        There is no archive, or the query is refused, fails or takes too long.
    """
    opened = Target(target)
    if not opened.names(""):
        raise UserError(f"there is no archive in {opened.shown}; `tickfire record` makes one.")
    connection = open_views(opened)
    timer = threading.Timer(timeout_s, connection.interrupt) if timeout_s else None
    if timer is not None:
        timer.start()
    try:
        result = connection.sql(sql)
        if result is None:
            return
        _PRINT[form](result)
    except duckdb.InterruptException:
        raise UserError(f"the query took more than {timeout_s:g} s.") from None
    except duckdb.Error as error:
        raise UserError(f"the query failed: {error}") from None
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _batches(result: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    return result.to_arrow_reader(BATCH_ROWS)


def _print_table(result: duckdb.DuckDBPyRelation) -> None:
    result.show(max_rows=MAX_SHOWN, max_width=200)


def _print_json(result: duckdb.DuckDBPyRelation) -> None:
    for batch in _batches(result):
        for row in batch.to_pylist():
            sys.stdout.write(json.dumps(row, default=str) + "\n")


def _print_csv(result: duckdb.DuckDBPyRelation) -> None:
    from pyarrow import csv

    reader = _batches(result)
    with csv.CSVWriter(sys.stdout.buffer, _flat(reader.schema)) as writer:
        for batch in reader:
            writer.write_batch(_flattened(batch))


def _print_arrow(result: duckdb.DuckDBPyRelation) -> None:
    reader = _batches(result)
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


_PRINT: Final[dict[str, Any]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
    "arrow": _print_arrow,
}


def _flat(schema: pa.Schema) -> pa.Schema:
    """Return a schema of which CSV has all types: lists are written as JSON."""
    return pa.schema(
        [pa.field(f.name, pa.string()) if pa.types.is_nested(f.type) else f for f in schema]
    )


def _flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        pa.array([json.dumps(value, default=str) for value in column.to_pylist()], pa.string())
        if pa.types.is_nested(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_flat(batch.schema))
