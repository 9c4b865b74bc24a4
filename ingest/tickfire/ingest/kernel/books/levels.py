"""Price levels of one side of a book, kept in the order of their prices, the best one last.

Most changes are near the best price, so they move few levels. The key of a level is the price of a
bid and the complement of the price of an ask: the greater key is always better. A side's block of
levels doubles when it is full; blocks of a power of two that are no longer used are used again.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64

from tickfire.ingest.kernel.books.words import (
    BOOK_BIDS,
    BOOKS_FREE,
    BOOKS_LEVEL_CAPACITY,
    BOOKS_LEVEL_END,
    BOOKS_LEVELS,
    BOOKS_NEEDS,
    NEEDS_LEVELS,
    SIDE_BLOCK,
    SIDE_CAPACITY,
    SIDE_COUNT,
    SIDE_WORDS,
)
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64

LEVEL_KEY: Final = 0
LEVEL_SIZE: Final = 1
LEVEL_ORDERS: Final = 2
LEVEL_WORDS: Final = 3
LEVEL_BYTES: Final = 8 * LEVEL_WORDS
SMALLEST_BLOCK: Final = 16
"""Levels: at least those of an MBP-10 record."""


@helper
def side_word(side: Any) -> Any:
    """Return the first word of a side (0: bids, 1: asks) in a book's row."""
    return BOOK_BIDS + side * SIDE_WORDS


@helper
def key_of(side: Any, price: Any) -> Any:
    """Return the key of a price; the same function returns the price of a key."""
    return price ^ -side


@helper
def levels_of(b: Any, book: Any, word: Any) -> Any:
    """Return the levels of a side as int64[], the worst one first."""
    return as_i64(b[BOOKS_LEVELS] + book[word + SIDE_BLOCK] * LEVEL_BYTES)


@helper
def best_at(book: Any, word: Any) -> Any:
    """Return the first word of the best level of a side that has any."""
    return (book[word + SIDE_COUNT] - 1) * LEVEL_WORDS


@cold
def cut_block(b: Any, capacity: Any) -> Any:
    """Return the offset of an unused block, or -1 if there is no room for one."""
    power = int64(0)
    while int64(1) << power < capacity:
        power += 1
    free = as_i64(b[BOOKS_FREE])
    offset = free[power]
    if offset >= 0:
        free[power] = as_i64(b[BOOKS_LEVELS] + offset * LEVEL_BYTES)[0]
        return offset
    offset = b[BOOKS_LEVEL_END]
    if offset + capacity > b[BOOKS_LEVEL_CAPACITY]:
        b[BOOKS_NEEDS] = NEEDS_LEVELS
        return int64(-1)
    b[BOOKS_LEVEL_END] = offset + capacity
    return offset


@cold
def free_block(b: Any, offset: Any, capacity: Any) -> None:
    """Keep a block for later use."""
    power = int64(0)
    while int64(1) << power < capacity:
        power += 1
    free = as_i64(b[BOOKS_FREE])
    as_i64(b[BOOKS_LEVELS] + offset * LEVEL_BYTES)[0] = free[power]
    free[power] = offset


@cold
def widen_side(b: Any, book: Any, word: Any) -> Any:
    """Double the block of a side; return whether there was room."""
    before = book[word + SIDE_CAPACITY]
    after = max(2 * before, SMALLEST_BLOCK)
    offset = cut_block(b, after)
    if offset < 0:
        return False
    old = levels_of(b, book, word)
    new = as_i64(b[BOOKS_LEVELS] + offset * LEVEL_BYTES)
    for k in range(book[word + SIDE_COUNT] * LEVEL_WORDS):
        new[k] = old[k]
    if before:
        free_block(b, book[word + SIDE_BLOCK], before)
    book[word + SIDE_BLOCK] = offset
    book[word + SIDE_CAPACITY] = after
    return True


@helper
def has_room(b: Any, book: Any, word: Any) -> Any:
    """Return whether a side has room for one more level, after widening it if need be."""
    return book[word + SIDE_COUNT] < book[word + SIDE_CAPACITY] or widen_side(b, book, word)


@helper
def find_level(levels: Any, count: Any, key: Any) -> Any:
    """Return the index of the best level that is not better than a key, or -1."""
    i = count - 1
    near = max(i - 8, -1)
    while i > near:
        if levels[i * LEVEL_WORDS] <= key:
            return i
        i -= 1
    low = int64(-1)
    high = i
    while low < high:
        middle = (low + high + 1) >> 1
        if levels[middle * LEVEL_WORDS] <= key:
            low = middle
        else:
            high = middle - 1
    return low


@helper
def add_to_level(b: Any, book: Any, word: Any, key: Any, size: Any, orders: Any) -> None:
    """Add size and orders at a price; the side must have room for a new level."""
    levels = levels_of(b, book, word)
    count = book[word + SIDE_COUNT]
    i = find_level(levels, count, key)
    at = i * LEVEL_WORDS
    if i >= 0 and levels[at] == key:
        levels[at + LEVEL_SIZE] += size
        levels[at + LEVEL_ORDERS] += orders
        return
    at += LEVEL_WORDS
    k = count * LEVEL_WORDS
    while k > at:
        k -= 1
        levels[k + LEVEL_WORDS] = levels[k]
    levels[at] = key
    levels[at + LEVEL_SIZE] = size
    levels[at + LEVEL_ORDERS] = orders
    book[word + SIDE_COUNT] = count + 1


@helper
def resize_level(b: Any, book: Any, word: Any, key: Any, was: Any, size: Any) -> None:
    """Change the size of one order at its price, as if it was taken out and added again."""
    levels = levels_of(b, book, word)
    at = find_level(levels, book[word + SIDE_COUNT], key) * LEVEL_WORDS
    if at < 0 or levels[at] != key:
        add_to_level(b, book, word, key, size, 1)
    elif levels[at + LEVEL_ORDERS] > 1:
        levels[at + LEVEL_SIZE] += size - was
    else:
        levels[at + LEVEL_SIZE] = size
        levels[at + LEVEL_ORDERS] = 1


@helper
def remove_level(levels: Any, book: Any, word: Any, at: Any) -> None:
    """Remove the level at a word."""
    end = (book[word + SIDE_COUNT] - 1) * LEVEL_WORDS
    while at < end:
        levels[at] = levels[at + LEVEL_WORDS]
        at += 1
    book[word + SIDE_COUNT] -= 1


@helper
def take_from_level(b: Any, book: Any, word: Any, key: Any, size: Any, orders: Any) -> None:
    """Remove size and orders at the price of an order; a level without orders is removed."""
    levels = levels_of(b, book, word)
    at = find_level(levels, book[word + SIDE_COUNT], key) * LEVEL_WORDS
    if at < 0 or levels[at] != key:
        return
    levels[at + LEVEL_SIZE] -= size
    levels[at + LEVEL_ORDERS] -= orders
    if levels[at + LEVEL_ORDERS] <= 0:
        remove_level(levels, book, word, at)
