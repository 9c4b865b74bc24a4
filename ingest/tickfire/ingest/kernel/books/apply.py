"""The effect of MBO and MBP-10 records on the book of their instrument and publisher.

A book is whole after the last record of an event (``F_LAST``). A record that contradicts it shows
that records are missing: the cancel or the modification of an order that is not there, the cancel
of more than is left of an order, the add of an order that is there, and a trade after whose event
bids and asks cross. Each is counted, and empties the book, which from then on is unsynced: it is
built again from what follows, and in sync again with the next snapshot or clear. Bids and asks that
cross without a trade are counted and shown, since they do while an auction gathers orders.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_TRADE,
    FLAG_LAST,
    FLAG_MAYBE_BAD_BOOK,
    FLAG_MBP,
    FLAG_SNAPSHOT,
    FLAG_TOB,
    SIDE_ASK,
    SIDE_BID,
    UNDEF_SIZE,
)
from tickfire.ingest.kernel.books.levels import (
    LEVEL_ORDERS,
    LEVEL_SIZE,
    LEVEL_WORDS,
    add_to_level,
    best_at,
    find_level,
    has_room,
    key_of,
    levels_of,
    remove_level,
    resize_level,
    side_word,
    take_from_level,
)
from tickfire.ingest.kernel.books.orders import (
    ORDER_PRICE,
    ORDER_RANK,
    find_slot,
    is_resting,
    order_at,
    prefetch_order,
    put_order,
    remove_order,
    set_size,
    side_of,
    size_of,
)
from tickfire.ingest.kernel.books.words import (
    BOOK_ASKS,
    BOOK_BIDS,
    BOOK_KEY,
    BOOK_SEQUENCE,
    BOOK_STATE,
    BOOK_TS,
    BOOK_WORDS,
    BOOKS_CROSSED,
    BOOKS_DUPLICATE,
    BOOKS_EXCESSIVE,
    BOOKS_FIRST_STATE,
    BOOKS_INDEX,
    BOOKS_INDEX_MASK,
    BOOKS_INVALID,
    BOOKS_NEEDS,
    BOOKS_ORDER_COUNT,
    BOOKS_ORDER_LIMIT,
    BOOKS_RANK,
    BOOKS_RESYNCS,
    BOOKS_ROW_CAPACITY,
    BOOKS_ROW_COUNT,
    BOOKS_ROWS,
    BOOKS_UNKNOWN,
    IS_BY_LEVEL,
    IS_BY_ORDER,
    IS_CHANGED,
    IS_CROSSED,
    IS_IN_EVENT,
    IS_IN_SNAPSHOT,
    IS_TRADING,
    IS_UNSYNCED,
    NEEDS_ORDERS,
    NEEDS_ROWS,
    SIDE_COUNT,
    SIDE_EMPTIED,
)
from tickfire.ingest.kernel.rows import home_of
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64, as_u8, as_u32
from tickfire.store.schema import BOOK_DEPTH

NO_SIDE: Final = 2
BOOK_ROW_SIZE: Final = 8 * BOOK_WORDS


# --- books
@helper
def book_at(b: Any, number: Any) -> Any:
    """Return the address of the row of a book."""
    return b[BOOKS_ROWS] + number * BOOK_ROW_SIZE


@helper
def book_number(b: Any, key: Any) -> Any:
    """Return the number of the book with a key, added if missing; -1 if there is no room."""
    mask = b[BOOKS_INDEX_MASK]
    index = as_i64(b[BOOKS_INDEX])
    h = int64(home_of(key, mask))
    while index[h] != 0:
        number = index[h] - 1
        if as_i64(book_at(b, number))[BOOK_KEY] == key:
            return number
        h = (h + 1) & mask
    number = b[BOOKS_ROW_COUNT]
    if number >= b[BOOKS_ROW_CAPACITY]:
        b[BOOKS_NEEDS] = NEEDS_ROWS
        return int64(-1)
    b[BOOKS_ROW_COUNT] = number + 1
    index[h] = number + 1
    book = as_i64(book_at(b, number))
    book[BOOK_KEY] = key
    book[BOOK_STATE] = b[BOOKS_FIRST_STATE]
    return number


@helper
def key_of_record(record: Any) -> Any:
    """Return the key of the book that a record belongs to."""
    head = as_i64(record)[0]
    return int64(as_u32(record)[1]) | (head >> 16 & 0xFFFF) << 32


@helper
def empty_side(b: Any, book: Any, word: Any) -> None:
    """Remove all orders and levels of a side."""
    book[word + SIDE_COUNT] = 0
    book[word + SIDE_EMPTIED] = b[BOOKS_RANK]
    b[BOOKS_RANK] += 1


@cold
def empty_book(b: Any, book: Any) -> None:
    """Remove all orders and levels of a book."""
    empty_side(b, book, BOOK_BIDS)
    empty_side(b, book, BOOK_ASKS)


@cold
def resync(b: Any, book: Any, counter: Any) -> None:
    """Count a contradiction, and empty the book."""
    b[counter] += 1
    b[BOOKS_RESYNCS] += 1
    empty_book(b, book)
    book[BOOK_STATE] |= IS_UNSYNCED | IS_CHANGED


# --- orders
@helper
def take_out(b: Any, book: Any, slot: Any) -> None:
    """Remove an order from its level, but not from the table."""
    order = as_i64(order_at(b, slot))
    side = side_of(order)
    price = order[ORDER_PRICE]
    take_from_level(b, book, side_word(side), key_of(side, price), size_of(order), 1)


@helper
def add_order(
    b: Any, book: Any, number: Any, order_id: Any, side: Any, price: Any, size: Any
) -> None:
    """Apply an add."""
    slot = find_slot(b, order_id, number)
    if is_resting(book, as_i64(order_at(b, slot))):
        resync(b, book, BOOKS_DUPLICATE)
    put_order(b, slot, order_id, number, side, price, size, b[BOOKS_RANK])
    add_to_level(b, book, side_word(side), key_of(side, price), size, 1)


@helper
def cancel_order(b: Any, book: Any, number: Any, order_id: Any, size: Any) -> None:
    """Apply a cancel of some or all of an order."""
    slot = find_slot(b, order_id, number)
    order = as_i64(order_at(b, slot))
    if not is_resting(book, order):
        if book[BOOK_STATE] & IS_UNSYNCED:  # as it must be expected of a book without its past
            b[BOOKS_UNKNOWN] += 1
        else:
            resync(b, book, BOOKS_UNKNOWN)
        return
    left = size_of(order) - size
    if left < 0:
        resync(b, book, BOOKS_EXCESSIVE)
    elif left == 0:
        take_out(b, book, slot)
        remove_order(b, slot)
    else:
        side = side_of(order)
        key = key_of(side, order[ORDER_PRICE])
        take_from_level(b, book, side_word(side), key, size, 0)
        set_size(b, slot, left)


@helper
def modify_order(
    b: Any, book: Any, number: Any, order_id: Any, side: Any, price: Any, size: Any
) -> None:
    """Apply a modification; one of an unknown order adds it.

    An order that only shrinks keeps its place in the queue of its price.
    """
    slot = find_slot(b, order_id, number)
    order = as_i64(order_at(b, slot))
    rank = b[BOOKS_RANK]
    if is_resting(book, order):
        was = size_of(order)
        if order[ORDER_PRICE] == price and side_of(order) == side:
            if size > was:
                order[ORDER_RANK] = rank
            set_size(b, slot, size)
            resize_level(b, book, side_word(side), key_of(side, price), was, size)
            return
        take_out(b, book, slot)
    elif book[BOOK_STATE] & IS_UNSYNCED:
        b[BOOKS_UNKNOWN] += 1
    else:
        resync(b, book, BOOKS_UNKNOWN)
        rank = b[BOOKS_RANK]
    put_order(b, slot, order_id, number, side, price, size, rank)
    add_to_level(b, book, side_word(side), key_of(side, price), size, 1)


@cold
def set_level(b: Any, book: Any, word: Any, key: Any, size: Any, action: Any) -> None:
    """Apply a record of a whole price level (``F_MBP``), which has no orders."""
    levels = levels_of(b, book, word)
    at = find_level(levels, book[word + SIDE_COUNT], key) * LEVEL_WORDS
    is_there = at >= 0 and levels[at] == key
    if action == uint8(ACTION_CANCEL):
        if is_there and levels[at + LEVEL_SIZE] > size:
            levels[at + LEVEL_SIZE] -= size
        elif is_there:
            remove_level(levels, book, word, at)
    elif is_there:
        levels[at + LEVEL_SIZE] = size
    else:
        add_to_level(b, book, word, key, size, 0)


# --- records
@helper
def begin_record(b: Any, book: Any, flags: Any, action: Any) -> None:
    """Advance the rank, and empty the book at the first record of a snapshot."""
    b[BOOKS_RANK] += 1
    state = book[BOOK_STATE] | IS_IN_EVENT | IS_BY_ORDER
    if state & IS_BY_LEVEL:
        empty_book(b, book)
        state = int64(IS_IN_EVENT | IS_BY_ORDER | IS_CHANGED)
    if flags & uint8(FLAG_MAYBE_BAD_BOOK):
        state |= IS_UNSYNCED | IS_CHANGED
    if flags & uint8(FLAG_SNAPSHOT):
        if not state & IS_IN_SNAPSHOT:
            empty_book(b, book)
            state &= ~(IS_UNSYNCED | IS_CROSSED)
        state |= IS_IN_SNAPSHOT | IS_CHANGED
    else:
        state &= ~IS_IN_SNAPSHOT
    if action == uint8(ACTION_TRADE):
        state |= IS_TRADING
    elif action == uint8(ACTION_CLEAR):
        empty_book(b, book)
        state = state & ~(IS_UNSYNCED | IS_CROSSED) | IS_CHANGED
    book[BOOK_STATE] = state


@helper
def is_crossed(b: Any, book: Any) -> Any:
    """Return whether the best bid is not below the best ask."""
    if book[BOOK_BIDS + SIDE_COUNT] == 0 or book[BOOK_ASKS + SIDE_COUNT] == 0:
        return False
    bid = levels_of(b, book, BOOK_BIDS)[best_at(book, BOOK_BIDS)]
    ask = key_of(1, levels_of(b, book, BOOK_ASKS)[best_at(book, BOOK_ASKS)])
    return bid >= ask


@helper
def end_event(b: Any, book: Any) -> None:
    """Check the book after the last record of an event."""
    state = book[BOOK_STATE] & ~IS_IN_EVENT
    if is_crossed(b, book):
        if state & IS_TRADING:
            resync(b, book, BOOKS_CROSSED)
            state |= IS_UNSYNCED | IS_CHANGED
            state &= ~IS_CROSSED
        else:
            b[BOOKS_CROSSED] += int64(state & IS_CROSSED == 0)
            state |= IS_CROSSED
    else:
        state &= ~IS_CROSSED
    book[BOOK_STATE] = state & ~IS_TRADING


@helper
def change_book(b: Any, book: Any, number: Any, record: Any, side: Any, action: Any) -> None:
    """Apply an add, a cancel or a modification."""
    fields = as_i64(record)
    flags = as_u8(record)[36]
    word = side_word(side)
    price = fields[3]
    size = int64(as_u32(record)[8])
    if size == UNDEF_SIZE:
        size = int64(0)
    if flags & uint8(FLAG_TOB):
        empty_side(b, book, word)
        if price != UNDEF_PRICE and action != uint8(ACTION_CANCEL):
            add_to_level(b, book, word, key_of(side, price), size, 0)
    elif action == uint8(ACTION_CANCEL):
        if flags & uint8(FLAG_MBP):
            set_level(b, book, word, key_of(side, price), size, action)
        else:
            cancel_order(b, book, number, fields[2], size)
    elif price == UNDEF_PRICE:
        b[BOOKS_INVALID] += 1
        return
    elif flags & uint8(FLAG_MBP):
        set_level(b, book, word, key_of(side, price), size, action)
    elif action == uint8(ACTION_ADD):
        add_order(b, book, number, fields[2], side, price, size)
    else:
        modify_order(b, book, number, fields[2], side, price, size)
    book[BOOK_STATE] |= IS_CHANGED


@cold
def apply_mbo(b: Any, record: Any, ts: Any, ahead: Any) -> Any:
    """Apply an MBO record to its book; return the book's address, or 0 if there is no room.

    Without room nothing has changed, and ``BOOKS_NEEDS`` says for what. ``ts`` is the record's
    time; ``ahead`` is the address of a later record, whose order is prefetched.
    """
    if b[BOOKS_ORDER_COUNT] >= b[BOOKS_ORDER_LIMIT]:
        b[BOOKS_NEEDS] = NEEDS_ORDERS
        return int64(0)
    number = book_number(b, key_of_record(record))
    if number < 0:
        return int64(0)
    prefetch_order(b, as_i64(ahead)[2], number)
    b1 = as_u8(record)
    action = b1[38]
    flags = b1[36]
    at = book_at(b, number)
    book = as_i64(at)
    changes = (
        action == uint8(ACTION_ADD)
        or action == uint8(ACTION_CANCEL)
        or action == uint8(ACTION_MODIFY)
    )
    side = int64(NO_SIDE)
    if b1[39] == uint8(SIDE_BID):
        side = int64(0)
    elif b1[39] == uint8(SIDE_ASK):
        side = int64(1)
    if changes and side != NO_SIDE and not has_room(b, book, side_word(side)):
        return int64(0)
    begin_record(b, book, flags, action)
    if changes:
        if side != NO_SIDE:
            change_book(b, book, number, record, side, action)
        else:
            b[BOOKS_INVALID] += 1
    book[BOOK_TS] = ts
    book[BOOK_SEQUENCE] = int64(as_u32(record)[13])
    if flags & uint8(FLAG_LAST):
        end_event(b, book)
    return at


@helper
def copy_side(b: Any, book: Any, side: Any, record: Any) -> None:
    """Copy one side of the levels of an MBP-10 record."""
    word = side_word(side)
    prices = as_i64(record + 48)
    halves = as_u32(record + 48)
    count = int64(0)
    while count < BOOK_DEPTH and prices[4 * count + side] != UNDEF_PRICE:
        count += 1
    levels = levels_of(b, book, word)
    for i in range(count):
        at = (count - 1 - i) * LEVEL_WORDS
        levels[at] = key_of(side, prices[4 * i + side])
        levels[at + LEVEL_SIZE] = int64(halves[8 * i + 4 + side])
        levels[at + LEVEL_ORDERS] = int64(halves[8 * i + 6 + side])
    book[word + SIDE_COUNT] = count


@cold
def apply_mbp_10(b: Any, record: Any, ts: Any) -> Any:
    """Copy the levels of an MBP-10 record; return whether there was room.

    Levels are not copied to a book that is made from orders. ``ts`` is the record's time.
    """
    number = book_number(b, key_of_record(record))
    if number < 0:
        return False
    book = as_i64(book_at(b, number))
    state = book[BOOK_STATE]
    if state & IS_BY_ORDER:
        return True
    if state & IS_BY_LEVEL == 0:
        if not (has_room(b, book, BOOK_BIDS) and has_room(b, book, BOOK_ASKS)):
            return False
    copy_side(b, book, 0, record)
    copy_side(b, book, 1, record)
    flags = as_u8(record)[30]
    state = int64(IS_BY_LEVEL | IS_CHANGED)
    if flags & uint8(FLAG_LAST) == uint8(0):
        state |= IS_IN_EVENT
    if flags & uint8(FLAG_MAYBE_BAD_BOOK):
        state |= IS_UNSYNCED
    if is_crossed(b, book):
        state |= IS_CROSSED
    book[BOOK_STATE] = state
    book[BOOK_TS] = ts
    book[BOOK_SEQUENCE] = int64(as_u32(record)[11])
    return True
