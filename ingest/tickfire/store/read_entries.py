"""Entries of ``ticks:{s}``: from fields to ticks, and the watch over their numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickfire.store.entries import BadEntry, unpack_ticks
from tickfire.store.schema import BAR
from tickfire.store.tail import Entry

type Rows = NDArray[np.void]


@dataclass(slots=True)
class TickEntry:
    """One packed entry.

    Attributes
    ----------
    first, last : int
        Positions of its first and last tick.
    ticks : TICK[last - first + 1]
        Read-only, 8-aligned.
    received, parsed, written : int
        ns of the machine that wrote it; see ENTRY_HEADER.
    """

    first: int
    last: int
    ticks: Rows
    received: int
    parsed: int
    written: int

    def after(self, position: int) -> TickEntry:
        """Return the part behind a position that lies within."""
        if position < self.first:
            return self
        rest = self.ticks[position - self.first + 1 :]
        return TickEntry(position + 1, self.last, rest, self.received, self.parsed, self.written)

    def until(self, position: int) -> TickEntry:
        """Return the part up to a position that lies within."""
        if position >= self.last:
            return self
        rest = self.ticks[: position - self.first + 1]
        return TickEntry(self.first, position, rest, self.received, self.parsed, self.written)


def position_of(entry_id: bytes) -> int:
    """Return n of an entry's last tick.

    Raises
    ------
    BadEntry
        The id is not ``<n>-0``.
    """
    number, _, sequence = entry_id.partition(b"-")
    if sequence != b"0" or not number.isdigit():
        raise BadEntry(f"the id {entry_id!r} is not a position")
    return int(number)


def ticks_of(entry: Entry) -> TickEntry:
    """Read one entry of ``ticks:{s}``; see `unpack_ticks`.

    Raises
    ------
    BadEntry
        Its id, header or length is not one of ours.
    """
    entry_id, fields = entry
    last = position_of(entry_id)
    ticks, stamps = unpack_ticks(last, fields)
    return TickEntry(last - len(ticks) + 1, last, ticks, *stamps)


def bars_of(entries: list[Entry]) -> Rows:
    """Return BAR[]: the pieces in entries of ``bars:{s}``, in order; bad entries are left out."""
    packed = [fields.get(b"d", b"") for _, fields in entries]
    whole = b"".join(data for data in packed if len(data) % BAR.itemsize == 0)
    return np.frombuffer(whole, BAR)


def split(entry: TickEntry, position: int) -> tuple[TickEntry | None, int]:
    """Return what of an entry is new to a reader, and how many ticks before it are lost.

    Parameters
    ----------
    entry : TickEntry
    position : int
        n of the last tick that the reader has; an entry up to there yields None.
    """
    if entry.last <= position:
        return None, 0
    return entry.after(position), max(0, entry.first - position - 1)
