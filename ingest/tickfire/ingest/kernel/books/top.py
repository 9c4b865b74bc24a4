"""The top of an order book."""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import LARGEST_SIZE
from tickfire.ingest.kernel.books.levels import LEVEL_SIZE, best_at, key_of, levels_of, side_word
from tickfire.ingest.kernel.books.words import BOOK_STATE, IS_UNSYNCED, SIDE_COUNT
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64


@helper
def is_unsynced(at: Any) -> Any:
    """Return whether the book at an address may lack orders."""
    return as_i64(at)[BOOK_STATE] & IS_UNSYNCED != 0


@helper
def best_of(b: Any, at: Any, side: Any) -> Any:
    """Return the best price of a side of the book at an address, and its size as in a TICK."""
    book = as_i64(at)
    word = side_word(side)
    if book[word + SIDE_COUNT] == 0:
        return int64(UNDEF_PRICE), uint64(0)
    levels = levels_of(b, book, word)
    best = best_at(book, word)
    return key_of(side, levels[best]), uint64(min(levels[best + LEVEL_SIZE], LARGEST_SIZE))
