"""Tables of pyarrow, pandas and polars, made of records.

Prices become floats, or exact decimals with ``exact=True``; times become timestamps in UTC; nested
values become JSON text.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, SupportsIndex, overload

import numpy as np

from tickfire.client.market.columns import Column, columns_of, empty_columns
from tickfire.client.market.packed import TickBatch
from tickfire.client.market.records import Record

_DIGITS, _DECIMALS = 38, 9


class Records[T: Record | TickBatch](list[T]):
    """A list of records of one class, which can be made a table.

    Parameters
    ----------
    items
        The records.
    kind
        Their class, which gives an empty list its columns.
    """

    def __init__(self, items: Sequence[T] = (), kind: type[T] | None = None) -> None:
        super().__init__(items)
        self._kind = kind

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Records[T]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | Records[T]:
        """Return an item, or those of a slice, which can be made a table as well."""
        found = super().__getitem__(index)
        return Records(found, self._kind) if isinstance(found, list) else found

    def to_arrow(self, *, exact: bool = False) -> Any:
        """Return a pyarrow.Table."""
        return _arrow(self._columns(), exact)

    def to_pandas(self, *, exact: bool = False) -> Any:
        """Return a pandas.DataFrame."""
        return _pandas(self._columns(), exact)

    def to_polars(self, *, exact: bool = False) -> Any:
        """Return a polars.DataFrame."""
        return _polars(self._columns(), exact)

    def _columns(self) -> list[Column]:
        if not self and self._kind is not None:
            return empty_columns(self._kind)
        return columns_of(self)


def to_arrow(records: Sequence[Record | TickBatch], *, exact: bool = False) -> Any:
    """Return a pyarrow.Table of records of one class."""
    return _arrow(columns_of(records), exact)


def to_pandas(records: Sequence[Record | TickBatch], *, exact: bool = False) -> Any:
    """Return a pandas.DataFrame of records of one class."""
    return _pandas(columns_of(records), exact)


def to_polars(records: Sequence[Record | TickBatch], *, exact: bool = False) -> Any:
    """Return a polars.DataFrame of records of one class."""
    return _polars(columns_of(records), exact)


def _arrow(columns: list[Column], exact: bool) -> Any:
    pyarrow = _library("pyarrow", "arrow")
    kinds = {
        "price": pyarrow.decimal128(_DIGITS, _DECIMALS) if exact else pyarrow.float64(),
        "time": pyarrow.timestamp("ns", "UTC"),
        "int": pyarrow.int64(),
        "text": pyarrow.string(),
        "bool": pyarrow.bool_(),
    }
    return pyarrow.table(
        {
            column.name: pyarrow.array(_values(column, exact), kinds[column.kind])
            for column in columns
        }
    )


def _pandas(columns: list[Column], exact: bool) -> Any:
    pandas = _library("pandas", "pandas")
    made = {}
    for column in columns:
        values = _values(column, exact)
        if column.kind == "time":
            made[column.name] = pandas.to_datetime(np.array(values, np.int64), unit="ns", utc=True)
        elif column.kind == "price":
            made[column.name] = pandas.Series(values, dtype=object if exact else "float64")
        elif column.kind == "int":
            made[column.name] = pandas.Series(
                values, dtype="Int64" if None in list(values) else "int64"
            )
        else:
            made[column.name] = pandas.Series(values, dtype="bool" if _is_bool(column) else "str")
    return pandas.DataFrame(made)


def _polars(columns: list[Column], exact: bool) -> Any:
    polars = _library("polars", "polars")
    kinds = {
        "price": polars.Decimal(_DIGITS, _DECIMALS) if exact else polars.Float64,
        "int": polars.Int64,
        "text": polars.String,
        "bool": polars.Boolean,
        "time": polars.Int64,
    }
    frame = polars.DataFrame(
        [
            polars.Series(column.name, list(_values(column, exact)), kinds[column.kind])
            for column in columns
        ]
    )
    times = [
        polars.from_epoch(column.name, time_unit="ns").dt.replace_time_zone("UTC")
        for column in columns
        if column.kind == "time"
    ]
    return frame.with_columns(times)


def _is_bool(column: Column) -> bool:
    return column.kind == "bool"


def _values(column: Column, exact: bool) -> Sequence[Any]:
    if column.kind == "price" and not exact:
        return [None if value is None else float(value) for value in column.values]
    return column.values


def _library(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        text = f'this needs {name}: pip install "tickfire-client[{extra}]"'
        raise ModuleNotFoundError(text, name=error.name) from None
