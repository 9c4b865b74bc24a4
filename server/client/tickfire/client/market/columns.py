"""Columns of records, from which tables of every library are made."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args

import msgspec
import numpy as np

from tickfire.client.market.packed import KINDS, PRICE_SCALE, TICK, UNDEF_PRICE, TickBatch
from tickfire.client.market.records import Record

type Kind = Literal["price", "time", "int", "text", "bool"]

_TIMES_MS = frozenset(("timestamp", "time", "published"))
_TIME_NS = "ts_event"
_NS_PER_MS = 1_000_000
_CLEAR = 4  # the kind of tick that has no price
_KINDS: dict[Any, Kind] = {int: "int", str: "text", bool: "bool"}


class Column(NamedTuple):
    """One column: prices are Decimal or None, times ns of the Unix epoch, nested values JSON."""

    name: str
    kind: Kind
    values: Sequence[Any]


def columns_of(items: Sequence[Record | TickBatch]) -> list[Column]:
    """Return the columns of records of one class, or of batches of ticks.

    Raises
    ------
    TypeError
        If the items are of several classes, or none of these.
    """
    items = list(items)  # which may be an iterator
    classes = {type(item) for item in items}
    if len(classes) != 1:
        names = ", ".join(sorted(each.__name__ for each in classes)) or "no records"
        raise TypeError(f"a table is made of records of one class, and not of {names}")
    (kind,) = classes
    if kind is TickBatch:
        return _of_batches([item for item in items if isinstance(item, TickBatch)])
    if not issubclass(kind, Record):
        raise TypeError(f"{kind.__name__} is no record")
    return [_of_field(field, items) for field in msgspec.structs.fields(kind)]


def empty_columns(kind: type[Any]) -> list[Column]:
    """Return the columns of a class of records, without rows."""
    if issubclass(kind, TickBatch):
        return _of_batches([TickBatch(np.zeros(0, TICK), "", {})])
    assert issubclass(kind, Record)
    return [_of_field(field, ()) for field in msgspec.structs.fields(kind)]


def _of_field(field: msgspec.structs.FieldInfo, items: Sequence[Any]) -> Column:
    values = [getattr(item, field.name) for item in items]
    if field.name == _TIME_NS:
        return Column(field.name, "time", values)
    if field.name in _TIMES_MS:
        return Column(field.name, "time", [value * _NS_PER_MS for value in values])
    is_union = isinstance(field.type, UnionType)
    kinds = set(get_args(field.type)) if is_union else {field.type}
    if Decimal in kinds:
        return Column(field.name, "price", values)
    for known, kind in _KINDS.items():
        if known in kinds:
            return Column(field.name, kind, values)
    encoded = [None if each is None else msgspec.json.encode(each).decode() for each in values]
    return Column(field.name, "text", encoded)


def _of_batches(batches: Sequence[TickBatch]) -> list[Column]:
    ticks = np.concatenate([batch.ticks for batch in batches])
    scale = Decimal(PRICE_SCALE)
    return [
        Column("symbol", "text", [symbol for batch in batches for symbol in batch.symbols]),
        Column("ts_event", "time", ticks["ts_event"].tolist()),
        Column("kind", "text", [KINDS.get(kind, str(kind)) for kind in ticks["kind"].tolist()]),
        Column(
            "price",
            "price",
            [
                None if kind == _CLEAR or price == UNDEF_PRICE else price / scale
                for kind, price in zip(ticks["kind"].tolist(), ticks["price"].tolist(), strict=True)
            ],
        ),
        Column("size", "int", ticks["size"].tolist()),
        Column("side", "text", [chr(side) for side in ticks["side"].tolist()]),
        Column("sequence", "int", ticks["sequence"].tolist()),
        Column("flags", "int", ticks["flags"].tolist()),
        Column("feed", "int", ticks["feed"].tolist()),
        Column("instrument_id", "int", ticks["instrument_id"].tolist()),
    ]
