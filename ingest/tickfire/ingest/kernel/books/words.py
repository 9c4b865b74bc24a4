"""Words of the books' context: one int64 array of addresses, capacities and counters.

``BOOKS_*`` name the words of the context, ``NEEDS_*`` what a kernel lacks room for, ``BOOK_*`` the
8-byte words of a book's row, ``SIDE_*`` those of one of its sides, and ``IS_*`` the bits of its
state.
"""

from __future__ import annotations

from typing import Final

from tickfire.store.schema import BOOK, BOOK_CROSSED, BOOK_UNSYNCED

# --- context
BOOKS_ROWS: Final = 0
"""int64[row_capacity, BOOK_WORDS]: the books."""
BOOKS_ROW_CAPACITY: Final = 1
BOOKS_ROW_COUNT: Final = 2
BOOKS_INDEX: Final = 3
"""int64[index_mask + 1]: the number of a book from 1, or 0, at the hash of its key."""
BOOKS_INDEX_MASK: Final = 4
BOOKS_ORDERS: Final = 5
"""int64[order_mask + 1, ORDER_WORDS]: the hash table of the orders of all books."""
BOOKS_ORDER_MASK: Final = 6
BOOKS_ORDER_COUNT: Final = 7
"""Occupied slots of the table, those of removed books included."""
BOOKS_ORDER_LIMIT: Final = 8
"""Occupied slots at which the table is made anew."""
BOOKS_LEVELS: Final = 9
"""int64[level_capacity, LEVEL_WORDS]: the memory that the sides' blocks of levels are cut from."""
BOOKS_LEVEL_CAPACITY: Final = 10
BOOKS_LEVEL_END: Final = 11
"""Levels cut off so far."""
BOOKS_FREE: Final = 12
"""int64[64]: for each power of two, the offset of the first free block of that size, or -1."""
BOOKS_RANK: Final = 13
"""Number of the last record that was applied; see `orders`."""
BOOKS_NEEDS: Final = 14
"""``NEEDS_*``."""
BOOKS_SENT: Final = 15
"""BOOK[row_capacity]: each book as it was taken last."""
BOOKS_FEED: Final = 16
BOOKS_UNKNOWN: Final = 17
"""Cancels and modifications of orders that are not in the book."""
BOOKS_EXCESSIVE: Final = 18
"""Cancels of more than is left of an order."""
BOOKS_DUPLICATE: Final = 19
"""Adds of orders that are in the book."""
BOOKS_CROSSED: Final = 20
"""Events after which a book was crossed that was not crossed before, or that traded."""
BOOKS_INVALID: Final = 21
"""Skipped records: without the side or the price that their action needs."""
BOOKS_RESYNCS: Final = 22
"""Books that were emptied because a record contradicted them."""
BOOKS_FIRST_STATE: Final = 23
"""State of a new book."""
BOOKS_WORDS: Final = 24

# --- what a kernel lacks room for
NEEDS_NOTHING: Final = 0
NEEDS_ROWS: Final = 1
NEEDS_ORDERS: Final = 2
NEEDS_LEVELS: Final = 3

# --- a book
BOOK_KEY: Final = 0
"""instrument_id in the low half, publisher_id in the high half."""
BOOK_STATE: Final = 1
"""Bits of ``IS_*``."""
BOOK_TS: Final = 2
"""ts_event of the last record that was applied."""
BOOK_SEQUENCE: Final = 3
BOOK_BIDS: Final = 4
"""First word of the bids."""
BOOK_ASKS: Final = 8
"""First word of the asks."""
BOOK_WORDS: Final = 12
SIDE_WORDS: Final = BOOK_ASKS - BOOK_BIDS

# --- a side of a book
SIDE_BLOCK: Final = 0
"""Offset of its block, in levels."""
SIDE_CAPACITY: Final = 1
SIDE_COUNT: Final = 2
SIDE_EMPTIED: Final = 3
"""Rank at which it was last emptied."""

# --- state of a book
IS_UNSYNCED: Final = BOOK_UNSYNCED
IS_CROSSED: Final = BOOK_CROSSED
IS_IN_EVENT: Final = 4
"""The last record was not the last of its event."""
IS_TRADING: Final = 8
"""The event has a trade."""
IS_IN_SNAPSHOT: Final = 16
"""The last record was one of a snapshot."""
IS_BY_LEVEL: Final = 32
"""Made from MBP-10 records."""
IS_BY_ORDER: Final = 64
"""Made from MBO records."""
IS_CHANGED: Final = 128
"""Changed since it was taken."""
PUBLISHED: Final = IS_UNSYNCED | IS_CROSSED
"""Bits that are flags of a BOOK, too."""

BOOK_SIZE: Final = BOOK.itemsize
