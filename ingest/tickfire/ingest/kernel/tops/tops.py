"""The tops of book of the publishers of a process, and the memory that the kernels keep them in."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.tops import words as w
from tickfire.store.schema import TOP, Rows

FEWEST_TOPS: Final = 16
ENTRY: Final = np.dtype([("top", TOP), ("next", "<u4"), ("changed", "<u4")])
_NONE: Final[Rows] = np.zeros(0, TOP)


class PublisherTops:
    """The top of book of each publisher of the instruments that have several.

    It takes no memory until a kernel needs it; then it grows, and nothing is dropped for want of
    room. An instrument of one publisher has its top in its STATE alone.
    """

    def __init__(self) -> None:
        self.context = np.zeros(w.TOPS_WORDS, np.int64)
        self.address = int(self.context.ctypes.data)
        self._entries = np.zeros(0, ENTRY)

    def __len__(self) -> int:
        """Return the number of tops."""
        return int(self.context[w.TOPS_COUNT])

    def grow(self) -> None:
        """Double the table."""
        entries = np.zeros(max(FEWEST_TOPS, 2 * len(self._entries)), ENTRY)
        entries[: len(self._entries)] = self._entries
        self._entries = entries
        self.context[w.TOPS_ENTRIES] = entries.ctypes.data
        self.context[w.TOPS_CAPACITY] = len(entries)

    @property
    def rows(self) -> Rows:
        """TOP[n]: a view, valid until the table may grow."""
        view: Rows = self._entries[: len(self)]["top"]
        return view

    def take(self) -> Rows:
        """Return TOP[n], a copy of the tops that have changed since the last call."""
        if not self.context[w.TOPS_CHANGED]:
            return _NONE
        entries = self._entries[: len(self)]
        self.context[w.TOPS_CHANGED] = 0
        changed: Rows = entries["top"][entries["changed"] != 0].copy()
        entries["changed"] = 0
        return changed

    def forget_taken(self) -> None:
        """Have the next `take` return every top."""
        self._entries["changed"] = 1
        self.context[w.TOPS_CHANGED] = 1

    def load(self, row: np.void, top: np.void) -> None:
        """Set the top of a publisher of the instrument whose STATE is `row`."""
        owner = int(row["publisher"])
        known = owner if owner > w.LAST_PUBLISHER else 0
        number = known & w.NUMBER
        while number:
            entry = self._entries[number - 1]
            if entry["top"]["publisher_id"] == top["publisher_id"]:
                entry["top"] = top
                return
            number = int(entry["next"])
        if len(self) == len(self._entries):
            self.grow()
        self._entries[len(self)] = (top, known & w.NUMBER, 0)
        self.context[w.TOPS_COUNT] += 1
        row["publisher"] = w.SHARED | known & w.CONSOLIDATED | len(self)

    def reset(self, states: Rows) -> None:
        """Empty all tops, as at the start of a feed session.

        Parameters
        ----------
        states : STATE[n]
            Those of all instruments.
        """
        tops = self.rows
        tops["bid_price"] = tops["ask_price"] = UNDEF_PRICE
        tops["bid_size"] = tops["ask_size"] = 0
        self.forget_taken()
        owners = states["publisher"]
        in_table = owners & np.uint32(w.NUMBER)
        is_shared = (owners > w.LAST_PUBLISHER) & (in_table != 0)
        states["publisher"] = np.where(is_shared, np.uint32(w.SHARED) | in_table, np.uint32(0))


def without_tops(states: Rows) -> Rows:
    """Return a copy of STATE[n] that refers to no table of tops."""
    copy = states.copy()
    owners = copy["publisher"]
    copy["publisher"] = np.where(
        owners > w.LAST_PUBLISHER, owners & np.uint32(w.SHARED | w.CONSOLIDATED), owners
    )
    return copy
