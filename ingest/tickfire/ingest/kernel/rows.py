"""The table of instruments as the kernels see it: rows of STATE, found by hashing their keys."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.context import (
    COUNT_INSTRUMENTS,
    CTX_BLANK,
    CTX_COUNTERS,
    CTX_HASH_MASK,
    CTX_MAX_INSTRUMENTS,
    CTX_SHARDS,
    CTX_STATE,
    CTX_TABLE,
    ROW_ASK,
    ROW_BID,
    ROW_CLEARED,
    ROW_DIRTY,
    ROW_KEY,
    ROW_WORDS,
)
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64

HASH_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
ROW_SIZE: Final = 8 * ROW_WORDS


@helper
def row_at(c: Any, slot: Any) -> Any:
    """Return the address of the row with an index."""
    return c[CTX_STATE] + int64(slot) * ROW_SIZE


@helper
def mark_dirty(at: Any) -> None:
    """Note that a row has changed since its last snapshot."""
    as_i64(at)[ROW_DIRTY] |= 1  # the word has the publisher, too


@helper
def splitmix64(x: Any) -> Any:
    """Return the splitmix64 hash of a uint64."""
    z = uint64(x) + uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@helper
def home_of(key: Any, mask: Any) -> Any:
    """Return the index in the table at which the search for a key begins."""
    return ((uint64(key) * uint64(HASH_FACTOR)) >> uint64(32)) & mask


@cold
def probe(c: Any, key: Any) -> Any:
    """Return the address of an instrument's row, or of the blank row if it has none."""
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    h = home_of(key, mask)
    while as_i64(table[h])[ROW_KEY] != key and table[h] != c[CTX_BLANK]:
        h = (h + uint64(1)) & mask
    return table[h]


@cold
def new_row(c: Any, key: Any) -> Any:
    """Add the row of a new instrument; return its address, or 0 if the table is full."""
    cnt = as_i64(c[CTX_COUNTERS])
    slot = cnt[COUNT_INSTRUMENTS]
    if slot >= c[CTX_MAX_INSTRUMENTS]:
        return int64(0)
    cnt[COUNT_INSTRUMENTS] = slot + 1
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    h = home_of(key, mask)
    while table[h] != c[CTX_BLANK]:
        h = (h + uint64(1)) & mask
    at = row_at(c, slot)
    table[h] = at
    row = as_i64(at)
    row[ROW_KEY] = key
    row[ROW_BID] = UNDEF_PRICE
    row[ROW_ASK] = UNDEF_PRICE
    shard = splitmix64(key) % uint64(c[CTX_SHARDS])
    row[ROW_CLEARED] = int64(shard << uint64(32))
    return at


@helper
def find_row(c: Any, key: Any) -> Any:
    """Return the address of an instrument's row, added if missing; 0 if the table is full."""
    at = as_i64(c[CTX_TABLE])[home_of(key, uint64(c[CTX_HASH_MASK]))]
    if as_i64(at)[ROW_KEY] != key:
        at = probe(c, key)
        if at == c[CTX_BLANK]:
            return new_row(c, key)
    return at
