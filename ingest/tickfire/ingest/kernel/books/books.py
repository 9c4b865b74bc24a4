"""The order books of a process, and the memory that the kernels keep them in."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel.books import words as w
from tickfire.ingest.kernel.books.books_kernel import count_resting, move_orders, take_changed
from tickfire.ingest.kernel.books.levels import LEVEL_WORDS
from tickfire.ingest.kernel.books.orders import (
    ORDER_PRICE,
    ORDER_RANK,
    ORDER_SIZE,
    ORDER_WORDS,
)
from tickfire.ingest.kernel.rows import HASH_FACTOR
from tickfire.store.schema import BOOK, Rows

FEWEST_ROWS: Final = 16
FEWEST_ORDERS: Final = 1024
FEWEST_LEVELS: Final = 1024
TAKEN_AT_ONCE: Final = 1024

FAULTS: Final = {
    w.BOOKS_UNKNOWN: "cancels or modifications of unknown orders",
    w.BOOKS_EXCESSIVE: "cancels of more than was left of an order",
    w.BOOKS_DUPLICATE: "adds of known orders",
    w.BOOKS_CROSSED: "events that left bids and asks crossed",
    w.BOOKS_INVALID: "records without the side or the price that their action needs",
}
"""Faults of records of orders, by the word that counts them."""


class Level(NamedTuple):
    """A price level: its price (1e-9), the total size, and the number of orders."""

    price: int
    size: int
    orders: int


class Order(NamedTuple):
    """A resting order: its id, price (1e-9), and the size that is left."""

    order_id: int
    price: int
    size: int


class OrderBooks:
    """The order books of a feed, one for each instrument and publisher.

    They take no memory until a kernel needs it; then each table grows, and nothing is dropped for
    want of room.

    Parameters
    ----------
    feed : int
        The number of the feed.
    """

    def __init__(self, feed: int = 1) -> None:
        self.context = np.zeros(w.BOOKS_WORDS, np.int64)
        self.address = int(self.context.ctypes.data)
        self.context[w.BOOKS_FEED] = feed
        self._free = np.full(64, -1, np.int64)
        self._point(w.BOOKS_FREE, self._free)
        self._rows = np.zeros((0, w.BOOK_WORDS), np.int64)
        self._sent = np.zeros(0, BOOK)
        self._orders = np.zeros((0, ORDER_WORDS), np.int64)
        self._levels = np.zeros((0, LEVEL_WORDS), np.int64)
        self._index_rows(FEWEST_ROWS)

    # --- memory
    def _point(self, word: int, array: NDArray[Any]) -> None:
        self.context[word] = array.ctypes.data

    def grow(self) -> None:
        """Make the room that a kernel lacked."""
        needs = int(self.context[w.BOOKS_NEEDS])
        if needs == w.NEEDS_ROWS:
            self._grow_rows()
        elif needs == w.NEEDS_ORDERS:
            self._renew_orders()
        elif needs == w.NEEDS_LEVELS:
            self._grow_levels()
        self.context[w.BOOKS_NEEDS] = w.NEEDS_NOTHING

    def _grow_rows(self) -> None:
        capacity = max(FEWEST_ROWS, 2 * len(self._rows))
        rows, sent = np.zeros((capacity, w.BOOK_WORDS), np.int64), np.zeros(capacity, BOOK)
        rows[: len(self._rows)], sent[: len(self._sent)] = self._rows, self._sent
        self._rows, self._sent = rows, sent
        self._point(w.BOOKS_ROWS, rows)
        self._point(w.BOOKS_SENT, sent)
        self.context[w.BOOKS_ROW_CAPACITY] = capacity
        self._index_rows(capacity)

    def _index_rows(self, capacity: int) -> None:
        """Hash the books' keys as the kernels do."""
        self._index = np.zeros(1 << (4 * capacity - 1).bit_length(), np.int64)
        mask = len(self._index) - 1
        for number, key in enumerate(self._rows[: len(self), w.BOOK_KEY].tolist()):
            h = (key * HASH_FACTOR & 0xFFFF_FFFF_FFFF_FFFF) >> 32 & mask
            while self._index[h]:
                h = h + 1 & mask
            self._index[h] = number + 1
        self._point(w.BOOKS_INDEX, self._index)
        self.context[w.BOOKS_INDEX_MASK] = mask

    def _renew_orders(self) -> None:
        """Make a table for at least half as many orders again as rest, and move those into it."""
        old = self._orders
        resting = int(count_resting(self.address)) if len(old) else 0
        slots = max(FEWEST_ORDERS, 1 << (3 * resting).bit_length())
        self._orders = np.zeros((slots, ORDER_WORDS), np.int64)
        self._point(w.BOOKS_ORDERS, self._orders)
        self.context[w.BOOKS_ORDER_MASK] = slots - 1
        self.context[w.BOOKS_ORDER_LIMIT] = slots // 2
        move_orders(self.address, old.ctypes.data, len(old))

    def _grow_levels(self) -> None:
        levels = np.zeros((max(FEWEST_LEVELS, 2 * len(self._levels)), LEVEL_WORDS), np.int64)
        levels[: len(self._levels)] = self._levels
        self._levels = levels
        self._point(w.BOOKS_LEVELS, levels)
        self.context[w.BOOKS_LEVEL_CAPACITY] = len(levels)

    # --- books
    def __len__(self) -> int:
        """Return the number of books."""
        return int(self.context[w.BOOKS_ROW_COUNT])

    def count(self, counter: int) -> int:
        """Return the value of a counter: one of `FAULTS`, or ``BOOKS_RESYNCS``."""
        return int(self.context[counter])

    def reset(self, *, unsynced: bool = False) -> None:
        """Empty all books, as at the start of a feed session.

        Parameters
        ----------
        unsynced : bool
            Whether the session goes on from a time at which orders rested that it will not send.
        """
        rows = self._rows[: len(self)]
        for first in (w.BOOK_BIDS, w.BOOK_ASKS):
            rows[:, first + w.SIDE_COUNT] = 0
            rows[:, first + w.SIDE_EMPTIED] = self.context[w.BOOKS_RANK]
        self.context[w.BOOKS_FIRST_STATE] = w.IS_UNSYNCED if unsynced else 0
        rows[:, w.BOOK_STATE] = w.IS_CHANGED | self.context[w.BOOKS_FIRST_STATE]
        rows[:, w.BOOK_SEQUENCE] = 0

    def take(self, *, in_event: bool = False) -> Rows:
        """Return BOOK[n]: the books whose best levels have changed since they were taken.

        Parameters
        ----------
        in_event : bool
            Take those, too, of which the last event is not complete.
        """
        taken = [np.zeros(0, BOOK)]
        if not len(self):
            return taken[0]
        while True:
            out = np.zeros(min(len(self), TAKEN_AT_ONCE), BOOK)
            count = int(take_changed(self.address, out.ctypes.data, len(out), in_event))
            taken.append(out[:count])
            if count < len(out):
                return np.concatenate(taken)

    def forget_taken(self) -> None:
        """Have the next `take` return every book."""
        self._sent[:] = np.zeros(1, BOOK)
        self._rows[: len(self), w.BOOK_STATE] |= w.IS_CHANGED

    def _row(self, instrument_id: int, publisher_id: int) -> NDArray[np.int64] | None:
        found = np.flatnonzero(
            self._rows[: len(self), w.BOOK_KEY] == publisher_id << 32 | instrument_id
        )
        return self._rows[found[0]] if len(found) else None

    def is_synced(self, instrument_id: int, publisher_id: int) -> bool:
        """Return whether there is a book, and no record has contradicted it."""
        row = self._row(instrument_id, publisher_id)
        return row is not None and not row[w.BOOK_STATE] & w.IS_UNSYNCED

    def levels(
        self, instrument_id: int, publisher_id: int, depth: int | None = None
    ) -> tuple[list[Level], list[Level]]:
        """Return the best bids and asks of a book, the best ones first; all without a depth."""
        row = self._row(instrument_id, publisher_id)
        if row is None:
            return [], []
        return self._side(row, w.BOOK_BIDS, 0, depth), self._side(row, w.BOOK_ASKS, -1, depth)

    def _side(
        self, row: NDArray[np.int64], first: int, flip: int, depth: int | None
    ) -> list[Level]:
        begin, count = int(row[first + w.SIDE_BLOCK]), int(row[first + w.SIDE_COUNT])
        rows = self._levels[begin : begin + count][::-1][:depth].tolist()
        return [Level(key ^ flip, size, orders) for key, size, orders in rows]

    def orders(self, instrument_id: int, publisher_id: int) -> tuple[list[Order], list[Order]]:
        """Return the resting bids and asks of a book, by price and by place in the queue."""
        row = self._row(instrument_id, publisher_id)
        sides: tuple[list[Order], list[Order]] = [], []
        if row is None or not len(self._orders):
            return sides
        number = int(np.flatnonzero(self._rows[: len(self), w.BOOK_KEY] == row[w.BOOK_KEY])[0])
        for side, first, sign in ((0, w.BOOK_BIDS, -1), (1, w.BOOK_ASKS, 1)):
            own = self._orders[self._orders[:, ORDER_SIZE] >> 32 == 2 * number + side]
            own = own[own[:, ORDER_RANK] > row[first + w.SIDE_EMPTIED]]
            for at in np.lexsort((own[:, ORDER_RANK], sign * own[:, ORDER_PRICE])).tolist():
                order_id, price, size, _ = own[at].tolist()
                sides[side].append(Order(order_id % 2**64, price, size & 0xFFFF_FFFF))
        return sides
