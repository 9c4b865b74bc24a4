"""Kernels over all books: the best levels of those that changed, and the table of orders anew."""

from __future__ import annotations

from typing import Any, Final

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.books.apply import book_at
from tickfire.ingest.kernel.books.levels import (
    LEVEL_ORDERS,
    LEVEL_SIZE,
    LEVEL_WORDS,
    key_of,
    levels_of,
    side_word,
)
from tickfire.ingest.kernel.books.orders import (
    LOW_HALF,
    ORDER_ID,
    ORDER_PRICE,
    ORDER_RANK,
    ORDER_SHIFT,
    book_of,
    find_slot,
    is_resting,
    number_of,
    order_at,
    put_order,
    side_of,
    size_of,
)
from tickfire.ingest.kernel.books.words import (
    BOOK_KEY,
    BOOK_SEQUENCE,
    BOOK_SIZE,
    BOOK_STATE,
    BOOK_TS,
    BOOKS_FEED,
    BOOKS_ORDER_COUNT,
    BOOKS_ORDER_MASK,
    BOOKS_ROW_COUNT,
    BOOKS_SENT,
    IS_CHANGED,
    IS_IN_EVENT,
    PUBLISHED,
    SIDE_COUNT,
)
from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_i64, as_u32
from tickfire.store.schema import BOOK_DEPTH

BOOK_RECORD_WORDS: Final = BOOK_SIZE // 8
HEAD_WORDS: Final = 3
"""Words of a BOOK before its levels."""
SIDE_RECORD_WORDS: Final = (BOOK_RECORD_WORDS - HEAD_WORDS) // 2
FLAGS_SHIFT: Final = 24


@helper
def write_side(b: Any, book: Any, side: Any, at: Any) -> None:
    """Write the best levels of a side to the address of its part of a BOOK."""
    word = side_word(side)
    levels = levels_of(b, book, word)
    count = book[word + SIDE_COUNT]
    words = as_i64(at)
    orders = as_u32(at + 16 * BOOK_DEPTH)
    for i in range(BOOK_DEPTH):
        words[i] = UNDEF_PRICE
        words[BOOK_DEPTH + i] = 0
        orders[i] = 0
        if i < count:
            k = (count - 1 - i) * LEVEL_WORDS
            words[i] = key_of(side, levels[k])
            words[BOOK_DEPTH + i] = levels[k + LEVEL_SIZE]
            orders[i] = levels[k + LEVEL_ORDERS]


@helper
def write_book(b: Any, book: Any, at: Any) -> None:
    """Write a BOOK to an address."""
    words = as_i64(at)
    key = book[BOOK_KEY]
    flags = book[BOOK_STATE] & PUBLISHED
    words[0] = book[BOOK_TS]
    words[1] = (key & LOW_HALF) | book[BOOK_SEQUENCE] << 32
    words[2] = key >> 32 | b[BOOKS_FEED] << 16 | flags << FLAGS_SHIFT
    write_side(b, book, 0, at + 8 * HEAD_WORDS)
    write_side(b, book, 1, at + 8 * (HEAD_WORDS + SIDE_RECORD_WORDS))


@helper
def take_book(at: Any, sent: Any) -> Any:
    """Keep a BOOK as the one sent last; return whether its levels or flags have changed."""
    new = as_i64(at)
    old = as_i64(sent)
    differs = False
    for k in range(HEAD_WORDS - 1, BOOK_RECORD_WORDS):
        differs |= new[k] != old[k]
        old[k] = new[k]
    return differs


@kernel("int64(int64, int64, int64, int64)")
def take_changed(context: Any, out: Any, capacity: Any, in_event: Any) -> Any:
    """Write the books whose best levels have changed since they were taken to BOOK[capacity].

    A book in the middle of an event is left for later, unless ``in_event`` is 1. Returns the number
    written; if the output is full, more may have changed.
    """
    b = as_i64(context)
    count = 0
    for number in range(b[BOOKS_ROW_COUNT]):
        if count == capacity:
            break
        book = as_i64(book_at(b, number))
        state = book[BOOK_STATE]
        if state & IS_CHANGED == 0 or (state & IS_IN_EVENT and in_event == 0):
            continue
        at = out + count * BOOK_SIZE
        write_book(b, book, at)
        book[BOOK_STATE] = state & ~IS_CHANGED
        if take_book(at, b[BOOKS_SENT] + number * BOOK_SIZE):
            count += 1
    return count


@kernel("int64(int64)")
def count_resting(context: Any) -> Any:
    """Return the number of orders that rest in books."""
    b = as_i64(context)
    count = 0
    for slot in range(b[BOOKS_ORDER_MASK] + 1):
        order = as_i64(order_at(b, slot))
        if order[ORDER_RANK] != 0 and is_resting(book_of(b, order), order):
            count += 1
    return count


@kernel("int64(int64, int64, int64)")
def move_orders(context: Any, old: Any, slots: Any) -> Any:
    """Put the resting orders of a former table into the present, empty one.

    ``old`` is the former table's address; returns how many orders were put.
    """
    b = as_i64(context)
    b[BOOKS_ORDER_COUNT] = 0
    for slot in range(slots):
        order = as_i64(old + (slot << ORDER_SHIFT))
        if order[ORDER_RANK] == 0 or not is_resting(book_of(b, order), order):
            continue
        number = number_of(order)
        free = find_slot(b, order[ORDER_ID], number)
        size = size_of(order)
        price = order[ORDER_PRICE]
        put_order(b, free, order[ORDER_ID], number, side_of(order), price, size, order[ORDER_RANK])
    return b[BOOKS_ORDER_COUNT]
