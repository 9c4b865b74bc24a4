"""`tickfire query`: an SQL query on an archive, and its rows as text."""

from __future__ import annotations

import base64
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, Final

import duckdb
import msgspec
import pyarrow as pa

from tickfire.archive.names import COMMITS
from tickfire.archive.target import Target
from tickfire.archive.views import open_views
from tickfire.base.errors import UsageError, UserError
from tickfire.base.units import NS_PER_S
from tickfire.base.worker_thread import WorkerThread

BATCH_ROWS: Final = 10_000
MAX_SHOWN: Final = 10_000
"""Rows of the form ``table``; more are counted and left out."""
INTERRUPTIONS: Final = 100
AGAIN_S: Final = 0.05
"""A query that is given up is interrupted so many times, at this interval, until it ends: DuckDB
forgets an interruption that comes between two of its steps."""
WIDE: Final = (200, 24)
"""Columns and lines of an output that is no terminal."""

type Rows = tuple[pa.Schema, Iterator[pa.RecordBatch]]


def print_query(target: str, sql: str, form: str = "table", timeout_s: float = 0.0) -> None:
    """Run a query and print its rows on standard output.

    Parameters
    ----------
    target : str
        The archive.
    sql : str
        One statement.
    form : str
        ``table``, ``csv``, ``json`` (one object a line) or ``arrow`` (an IPC stream).
    timeout_s : float
        Seconds after which the query is given up; 0 for never.

    Raises
    ------
    UserError
        There is no archive, or the query is refused, fails or takes too long.
    """
    if form == "arrow" and sys.stdout.isatty():
        raise UsageError("an Arrow stream is not for a terminal; redirect it to a file.")
    opened = Target(target)
    if not opened.names(COMMITS):
        raise UserError(f"there is no archive in {opened.shown}; `tickfire record` makes one.")
    _check(sql)
    try:
        if not _Query(opened, sql).print(form, timeout_s):
            raise UserError(f"the query took more than {timeout_s:g} s.")
    except duckdb.Error as error:
        text, _, _ = str(error).partition("\n\nLINE ")
        raise UserError(f"the query failed: {' '.join(text.split())}") from None
    except pa.ArrowException as error:
        raise UserError(f"the rows cannot be printed as {form}: {error}") from None


def _check(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:
        return  # it is refused when it is run, with a better reason
    if not statements:
        raise UsageError("there is no SQL statement.")
    if len(statements) > 1:
        raise UsageError(f"run one SQL statement at a time; there are {len(statements)}.")


class _Query:
    """A query that runs in a thread, so that Ctrl-C ends it at any time."""

    def __init__(self, target: Target, sql: str) -> None:
        self._target, self._sql = target, sql
        self._connection = open_views(target, sql)

    def print(self, form: str, timeout_s: float) -> bool:
        """Print the rows; return False if the query was given up as it took too long."""
        thread = WorkerThread("query")
        printing = thread.submit(lambda: self._print(form))
        try:
            if not futures.wait([printing], timeout_s or None).done:
                return False
            printing.result()
            return True
        finally:
            thread.stop()
            for _ in range(INTERRUPTIONS):
                if thread.join(AGAIN_S):
                    break
                self._connection.interrupt()

    def _print(self, form: str) -> None:
        try:
            self._try(form)
        except duckdb.IOException:  # a file was merged into another one since it was listed
            self._connection = open_views(self._target, self._sql)
            self._try(form)

    def _try(self, form: str) -> None:
        result = self._connection.sql(self._sql)
        if result is None:
            return
        if form == "table":
            width, _ = shutil.get_terminal_size(WIDE)
            result.show(max_rows=MAX_SHOWN, max_width=width)
        else:
            _PRINT[form](_rows(result))


def _rows(result: duckdb.DuckDBPyRelation) -> Rows:
    """Return the columns and the rows, of which the first have been read."""
    reader = result.to_arrow_reader(BATCH_ROWS)
    first = next(iter(reader), None)

    def batches() -> Iterator[pa.RecordBatch]:
        if first is not None:
            yield first
            yield from reader

    return reader.schema, batches()


def _print_json(rows: Rows) -> None:
    schema, batches = rows
    repeated = [name for name, count in Counter(schema.names).items() if count > 1]
    if repeated:
        raise UsageError(
            f"two columns are called {repeated[0]}, of which an object has one; rename one by AS."
        )
    encoder = msgspec.json.Encoder()
    for batch in batches:
        # Times as text: as values, those in ns need pandas.
        for row in _converted(batch, pa.types.is_temporal, _as_text).to_pylist():
            sys.stdout.buffer.write(encoder.encode(row) + b"\n")


def _print_csv(rows: Rows) -> None:
    from pyarrow import csv

    schema, batches = rows
    flat = _flat(pa.RecordBatch.from_arrays([pa.array([], t) for t in schema.types], schema.names))
    with csv.CSVWriter(sys.stdout.buffer, flat.schema) as writer:
        for batch in batches:
            writer.write_batch(_flat(batch))


def _print_arrow(rows: Rows) -> None:
    schema, batches = rows
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


_PRINT: Final[dict[str, Callable[[Rows], None]]] = {
    "json": _print_json,
    "csv": _print_csv,
    "arrow": _print_arrow,
}


def _converted(
    batch: pa.RecordBatch, concerns: Callable[[Any], bool], convert: Callable[[Any], Any]
) -> pa.RecordBatch:
    """Return a batch with the columns of some types as text."""
    columns = [convert(one) if concerns(one.type) else one for one in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with what CSV cannot hold as text."""
    batch = _converted(batch, pa.types.is_interval, _as_text)
    batch = _converted(batch, pa.types.is_nested, _as_json)
    return _converted(batch, _is_binary, _as_base64)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_interval(column.type):
        return _each(column, _duration)
    return column.cast(pa.string())


def _as_json(column: pa.Array) -> pa.Array:
    return _each(column, lambda value: msgspec.json.encode(value).decode())


def _as_base64(column: pa.Array) -> pa.Array:
    return _each(column, lambda value: base64.b64encode(value).decode())


def _each(column: pa.Array, convert: Callable[[Any], str]) -> pa.Array:
    text = [None if value is None else convert(value) for value in column.to_pylist()]
    return pa.array(text, pa.string())


def _duration(interval: Any) -> str:
    """Return an interval as a duration of ISO 8601, such as P1M2DT0.5S."""
    sign = "-" if interval.nanoseconds < 0 else ""
    seconds, ns = divmod(abs(interval.nanoseconds), NS_PER_S)
    fraction = f".{ns:09}".rstrip("0") if ns else ""
    return f"P{interval.months}M{interval.days}DT{sign}{seconds}{fraction}S"
