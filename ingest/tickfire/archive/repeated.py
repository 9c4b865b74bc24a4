"""Rows that were recorded before and come again in other entries, as after a failover. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import replace
from typing import Any, Final

import msgspec

from tickfire.archive.tables import Batch, Table

HASH_BYTES: Final = 8


def without_repeated(
    table: Table, batch: Batch, known: Container[str]
) -> tuple[Batch, tuple[str, ...]]:
    """Leave out the rows of a batch that are known already, or are in it twice.

    Parameters
    ----------
    table : Table
    batch : Batch
    known : container of str
        Hashes of rows.

    Returns
    -------
    batch : Batch
    hashes : tuple of str
        Those by which its rows are known; none if the table's rows never come again.
    """
    if not table.identity:
        return batch, ()
    found: dict[str, int] = {}
    for index, row in enumerate(batch.rows):
        name = _hash_of(table, row)
        if name not in known:
            found.setdefault(name, index)
    at = list(found.values())
    rows = [batch.rows[index] for index in at]
    repeated = len(batch.rows) - len(rows)
    return replace(batch, rows=rows, ids=batch.ids[at], repeated=repeated), tuple(found)


def _hash_of(table: Table, row: dict[str, Any]) -> str:
    packed = msgspec.msgpack.encode([row.get(column) for column in table.identity])
    return hashlib.blake2b(packed, digest_size=HASH_BYTES).hexdigest()
