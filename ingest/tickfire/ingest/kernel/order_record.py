"""Records of orders and of price levels: their effect on order books, and the tops of these."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.ingest.dbn.layout import FLAG_MAYBE_BAD_BOOK, RTYPE_MBO, RTYPE_MBP_10, SIZE_MBO
from tickfire.ingest.kernel.books.apply import apply_mbo, apply_mbp_10
from tickfire.ingest.kernel.books.top import best_of, is_unsynced
from tickfire.ingest.kernel.context import CTX_BOOKS, CTX_TRADES_ONLY
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64, as_u8

BOOKS_FULL: Final = -1
ORDERS_AHEAD: Final = 4
"""Records ahead of the present one at which orders are prefetched."""


@helper
def take_order(c: Any, record: Any, ts: Any, end: Any) -> Any:
    """Apply a record to its order book, if it is one of orders or of 10 levels.

    Returns the address of the book whose top makes quotes, 0 if there is none, or `BOOKS_FULL` if
    a table of the books has no room and nothing was applied. ``end`` is the address after the last
    byte that may be read.
    """
    if c[CTX_TRADES_ONLY] != 0:
        return int64(0)
    rtype = as_u8(record)[1]
    if rtype == uint8(RTYPE_MBO):
        ahead = record + ORDERS_AHEAD * SIZE_MBO
        if ahead + SIZE_MBO > end:
            ahead = record
        book = apply_mbo(as_i64(c[CTX_BOOKS]), record, ts, ahead)
        return book if book != 0 else int64(BOOKS_FULL)
    if rtype == uint8(RTYPE_MBP_10) and not apply_mbp_10(as_i64(c[CTX_BOOKS]), record, ts):
        return int64(BOOKS_FULL)
    return int64(0)


@helper
def top_of(c: Any, book: Any) -> Any:
    """Return the bid and the ask of a book, each as (price, size), and flags of their ticks.

    Ticks of a book that may lack orders are flagged ``F_MAYBE_BAD_BOOK``.
    """
    b = as_i64(c[CTX_BOOKS])
    flags = uint64(FLAG_MAYBE_BAD_BOOK) if is_unsynced(book) else uint64(0)
    return best_of(b, book, 0), best_of(b, book, 1), flags
