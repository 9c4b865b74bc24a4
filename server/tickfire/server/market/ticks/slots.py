"""`Slots`: the slot of each tick of an entry, and the slots in it that someone listens to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.fold_kernel import fold_ticks
from tickfire.ingest.kernel.state import Book, Rows
from tickfire.server.market.ticks.encode import MAX_TICKS, Ticks
from tickfire.server.market.ticks.slots_kernel import (
    SAW_QUOTE,
    SAW_TRADE,
    find_listened,
    find_slots,
)
from tickfire.store.read_entries import TickEntry

__all__ = ["SAW_QUOTE", "SAW_TRADE", "Slots"]


class Slots:
    """Finds slots in a book; the arrays it returns hold until the next call.

    Attributes
    ----------
    listened : uint8[slots]
        Not 0 where someone listens to what `listeners` finds.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._slots = np.zeros(MAX_TICKS, np.int64)
        self._slots_address = int(self._slots.ctypes.data)
        self._found = np.zeros(MAX_TICKS, np.int64)
        self._listeners = 0
        self.listened: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._seen: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def of(self, entry: TickEntry) -> Ticks:
        """Return the ticks of an entry with their slots; the book gets rows for new instruments."""
        book, count, at = self._book, len(entry.ticks), 0
        address = int(entry.ticks.ctypes.data)
        while True:
            book.context[ctx.CTX_BUFFER] = address
            at = int(find_slots(book.address, at, count, self._slots_address))
            if at >= count:
                break
            book.grow()
        bound = book.count(ctx.COUNT_INSTRUMENTS)
        if bound > len(self.listened):
            self._resize(bound)
        return Ticks(entry.ticks, self._slots, entry.first, bound, address, self._slots_address)

    def fold(self, ticks: Ticks) -> Rows:
        """Fold ticks into the book; return the BAR[] pieces that they closed, nearly always none.

        The same as `Book.fold`, for ticks that are already in place.
        """
        book = self._book
        book.context[ctx.CTX_BUFFER] = ticks.address
        done = fold_ticks(book.address, 0, ticks.count, ticks.first)
        pieces = book.bars.copy()
        book.drain()
        if done < ticks.count:  # an output was full
            rest = book.fold(ticks.ticks[int(done) :], ticks.first + int(done))
            return np.concatenate([pieces, rest])
        return pieces

    def _resize(self, bound: int) -> None:
        listened = np.zeros(2 * bound, np.uint8)
        listened[: len(self.listened)] = self.listened
        self.listened, self._seen = listened, np.zeros(2 * bound, np.uint8)

    def listen(self, slot: int, on: bool) -> None:
        """Mark a slot as listened to, or not."""
        if slot >= len(self.listened):
            self._resize(slot + 1)
        self._listeners += on - int(self.listened[slot])
        self.listened[slot] = on

    def listeners(self, ticks: Ticks) -> list[tuple[int, int]]:
        """Return (slot, SAW_* bits) of the slots in these ticks that someone listens to."""
        if not self._listeners:
            return []
        count = find_listened(
            ticks.address,
            ticks.slots_address,
            ticks.count,
            self.listened.ctypes.data,
            self._seen.ctypes.data,
            self._found.ctypes.data,
        )
        return [(word >> 8, word & 0xFF) for word in self._found[: int(count)].tolist()]
