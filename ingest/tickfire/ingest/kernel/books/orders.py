"""The orders of all books in one hash table, by book and order id.

Every record has a rank, which grows. An order holds the rank at which it took its place in the
queue of its price. Emptying a side only notes the rank: orders of a lower rank no longer exist, and
are dropped when the table is made anew. Collisions go to the next slot, and a removal closes the
gap that it leaves, so searches end at the first free slot.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint32, uint64

from tickfire.ingest.kernel.books.levels import side_word
from tickfire.ingest.kernel.books.words import (
    BOOK_WORDS,
    BOOKS_ORDER_COUNT,
    BOOKS_ORDER_MASK,
    BOOKS_ORDERS,
    BOOKS_ROWS,
    SIDE_EMPTIED,
)
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64, as_u32, prefetch

ORDER_ID: Final = 0
ORDER_PRICE: Final = 1
ORDER_SIZE: Final = 2
"""Size in the low half, and in the high half 2 * number of the book + side."""
ORDER_RANK: Final = 3
"""0: a free slot."""
LOW_HALF: Final = 0xFFFF_FFFF
ORDER_WORDS: Final = 4
ORDER_SHIFT: Final = 5
"""log2 of the size of an order in bytes."""
ID_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
BOOK_FACTOR: Final = 0xC2B2_AE3D_27D4_EB4F


@helper
def order_at(b: Any, slot: Any) -> Any:
    """Return the address of a slot."""
    return b[BOOKS_ORDERS] + (slot << ORDER_SHIFT)


@helper
def size_of(order: Any) -> Any:
    """Return the size that is left of an order."""
    return order[ORDER_SIZE] & LOW_HALF


@helper
def number_of(order: Any) -> Any:
    """Return the number of the book of an order."""
    return order[ORDER_SIZE] >> 33


@helper
def side_of(order: Any) -> Any:
    """Return the side of an order: 0 for a bid, 1 for an ask."""
    return order[ORDER_SIZE] >> 32 & 1


@helper
def home_slot(order_id: Any, number: Any, mask: Any) -> Any:
    """Return the slot at which the search for an order begins."""
    mixed = uint64(order_id) * uint64(ID_FACTOR) + uint64(number) * uint64(BOOK_FACTOR)
    return int64((mixed ^ mixed >> uint64(29)) * uint64(ID_FACTOR) >> uint64(32)) & mask


@helper
def find_slot(b: Any, order_id: Any, number: Any) -> Any:
    """Return the slot of an order, or the free slot where it would go."""
    mask = b[BOOKS_ORDER_MASK]
    slot = home_slot(order_id, number, mask)
    while True:
        order = as_i64(order_at(b, slot))
        if order[ORDER_RANK] == 0:
            return slot
        if order[ORDER_ID] == order_id and number_of(order) == number:
            return slot
        slot = (slot + 1) & mask


@helper
def prefetch_order(b: Any, order_id: Any, number: Any) -> None:
    """Prefetch the slot at which the search for an order begins."""
    prefetch(order_at(b, home_slot(order_id, number, b[BOOKS_ORDER_MASK])))


@helper
def is_resting(book: Any, order: Any) -> Any:
    """Return whether a slot holds an order that is in its book."""
    return order[ORDER_RANK] > book[side_word(side_of(order)) + SIDE_EMPTIED]


@helper
def put_order(
    b: Any, slot: Any, order_id: Any, number: Any, side: Any, price: Any, size: Any, rank: Any
) -> None:
    """Write an order to the slot that `find_slot` returned for it."""
    order = as_i64(order_at(b, slot))
    if order[ORDER_RANK] == 0:
        b[BOOKS_ORDER_COUNT] += 1
    order[ORDER_ID] = order_id
    order[ORDER_PRICE] = price
    order[ORDER_SIZE] = size | (2 * number + side) << 32
    order[ORDER_RANK] = rank


@helper
def set_size(b: Any, slot: Any, size: Any) -> None:
    """Set the size of the order in a slot."""
    as_u32(order_at(b, slot))[2 * ORDER_SIZE] = uint32(size)


@helper
def remove_order(b: Any, slot: Any) -> None:
    """Free a slot, and move the orders after it that the gap would hide."""
    mask = b[BOOKS_ORDER_MASK]
    gap = slot
    at = slot
    while True:
        at = (at + 1) & mask
        order = as_i64(order_at(b, at))
        if order[ORDER_RANK] == 0:
            break
        home = home_slot(order[ORDER_ID], number_of(order), mask)
        if (at - home) & mask >= (at - gap) & mask:
            hole = as_i64(order_at(b, gap))
            for k in range(ORDER_WORDS):
                hole[k] = order[k]
            gap = at
    as_i64(order_at(b, gap))[ORDER_RANK] = 0
    b[BOOKS_ORDER_COUNT] -= 1


@helper
def book_of(b: Any, order: Any) -> Any:
    """Return the row of the book of the order in an occupied slot."""
    return as_i64(b[BOOKS_ROWS] + number_of(order) * (8 * BOOK_WORDS))
