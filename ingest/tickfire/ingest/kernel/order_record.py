"""Records of orders and of price levels: their effect on order books, and quotes from the tops."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.ingest.dbn.layout import FLAG_LAST, FLAG_MAYBE_BAD_BOOK, RTYPE_MBO, RTYPE_MBP_10
from tickfire.ingest.kernel.books.apply import apply_mbo, apply_mbp_10
from tickfire.ingest.kernel.books.top import best_of, is_unsynced
from tickfire.ingest.kernel.context import CTX_BOOKS, CTX_TRADES_ONLY
from tickfire.ingest.kernel.tops.record import emit_own_top
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64, as_u8

BOOKS_FULL: Final = -1


@helper
def take_order(c: Any, record: Any, ts: Any) -> Any:
    """Apply a record to its order book, if it is one of orders or of 10 levels.

    Returns the address of the book whose top makes quotes, 0 if there is none, or `BOOKS_FULL` if
    a table of the books has no room and nothing was applied.
    """
    if c[CTX_TRADES_ONLY] != 0:
        return int64(0)
    rtype = as_u8(record)[1]
    if rtype == uint8(RTYPE_MBO):
        book = apply_mbo(as_i64(c[CTX_BOOKS]), record, ts)
        return book if book != 0 else int64(BOOKS_FULL)
    if rtype == uint8(RTYPE_MBP_10) and not apply_mbp_10(as_i64(c[CTX_BOOKS]), record, ts):
        return int64(BOOKS_FULL)
    return int64(0)


@helper
def emit_book_top(
    c: Any,
    record: Any,
    book: Any,
    at: Any,
    out: Any,
    ts: Any,
    number: Any,
    tail: Any,
    numbering: Any,
) -> Any:
    """Write and apply the ticks of the top of a book, if the event that a record ends is complete.

    Ticks of a book that may lack orders are flagged ``F_MAYBE_BAD_BOOK``.
    """
    if (tail >> uint64(48)) & uint64(FLAG_LAST) == uint64(0):
        return out
    b = as_i64(c[CTX_BOOKS])
    if is_unsynced(book):
        tail |= uint64(FLAG_MAYBE_BAD_BOOK << 48)
    bid = best_of(b, book, 0)
    ask = best_of(b, book, 1)
    return emit_own_top(c, record, at, out, ts, number, tail, numbering, bid, ask)
