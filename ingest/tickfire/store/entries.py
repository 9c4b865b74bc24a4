"""Entries of streams as they are read: ids, ticks and bars. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.resp import Reply
from tickfire.store.schema import BAR, ENTRY_SCHEMA_TICK, ENTRY_VERSION, TICK, Rows
from tickfire.store.writes import HEADER

type Entry = tuple[bytes, dict[bytes, bytes]]
"""The id of an entry, and its fields."""

NO_ID: Final = b"0-0"
"""The id before every entry."""


class BadEntry(ValueError):
    """Raised for an entry that tickfire did not write; readers count and skip it."""


@dataclass(slots=True)
class TickEntry:
    """One entry of ``ticks:{s}``.

    Attributes
    ----------
    first, last : int
        Positions of its first and last tick.
    ticks : TICK[last - first + 1]
        Read-only, 8-aligned.
    received, parsed, written : int
        ns since the Unix epoch, by the clock of the writer; see ENTRY_HEADER.
    """

    first: int
    last: int
    ticks: Rows
    received: int
    parsed: int
    written: int

    def after(self, position: int) -> TickEntry:
        """Return the part after a position, which is below `last`."""
        if position < self.first:
            return self
        rest = self.ticks[position - self.first + 1 :]
        return TickEntry(position + 1, self.last, rest, self.received, self.parsed, self.written)

    def until(self, position: int) -> TickEntry:
        """Return the part up to and including a position, which is not below `first`."""
        if position >= self.last:
            return self
        rest = self.ticks[: position - self.first + 1]
        return TickEntry(self.first, position, rest, self.received, self.parsed, self.written)


# --- ids
def id_parts(entry_id: bytes) -> tuple[int, int]:
    """Return both numbers of an id.

    Raises
    ------
    BadEntry
        It is not an id.
    """
    major, _, minor = entry_id.partition(b"-")
    if not (major.isdigit() and minor.isdigit()):
        raise BadEntry(f"{entry_id!r} is not an id")
    return int(major), int(minor)


def is_after(entry_id: bytes, other: bytes) -> bool:
    """Return whether an id comes after another.

    Raises
    ------
    BadEntry
        One of them is not an id.
    """
    return id_parts(entry_id) > id_parts(other)


def position_of(entry_id: bytes) -> int:
    """Return the position of an entry of ``ticks:{s}``, which is that of its last tick.

    Raises
    ------
    BadEntry
        The id is not ``<position>-0``.
    """
    position, _, sequence = entry_id.partition(b"-")
    if sequence != b"0" or not position.isdigit():
        raise BadEntry(f"the id {entry_id!r} is not a position")
    return int(position)


def last_id(entries: list[Entry]) -> bytes:
    """Return the id of the last of some entries, ``0-0`` if there is none."""
    return entries[-1][0] if entries else NO_ID


# --- fields
def entries_of(reply: Reply) -> list[Entry]:
    """Return the entries of an XRANGE, or of one stream of an XREAD; skip what is none."""
    if not isinstance(reply, list):
        return []
    return [_entry(item) for item in reply if isinstance(item, list) and len(item) == 2]


def _entry(item: list[Any]) -> Entry:
    flat = item[1] or ()  # null where XDEL removed it
    return item[0], dict(zip(flat[::2], flat[1::2], strict=True))


def ticks_of(entry: Entry) -> TickEntry:
    """Unpack an entry of ``ticks:{s}``, checking everything before a kernel reads it.

    Raises
    ------
    BadEntry
        Its id, header or length is not one of ours.
    """
    entry_id, fields = entry
    last = position_of(entry_id)
    header = fields.get(b"h", b"")
    data = fields.get(b"d", b"")
    if len(header) != HEADER.size:
        raise BadEntry(f"a header of {len(header)} bytes")
    version, schema, _, count, received, parsed, written = HEADER.unpack(header)
    if version != ENTRY_VERSION or schema != ENTRY_SCHEMA_TICK:
        raise BadEntry(f"version {version}, schema {schema}")
    if not 0 < count <= MAX_TICKS_PER_ENTRY or count > last:
        raise BadEntry(f"{count} ticks that end at {last}")
    if len(data) != count * TICK.itemsize:
        raise BadEntry(f"{count} ticks in {len(data)} bytes")
    return TickEntry(last - count + 1, last, np.frombuffer(data, TICK), received, parsed, written)


def bars_of(entry: Entry) -> Rows:
    """Unpack an entry of ``bars:{s}``: BAR[count], read-only.

    Raises
    ------
    BadEntry
        Its length is not that of bars.
    """
    data = entry[1].get(b"d", b"")
    if not data or len(data) % BAR.itemsize:
        raise BadEntry(f"bars in {len(data)} bytes")
    return np.frombuffer(data, BAR)


def all_bars_of(entries: list[Entry]) -> Rows:
    """Return the bars of entries of ``bars:{s}`` as one BAR[count], in order; skip bad entries."""
    packed = [fields.get(b"d", b"") for _, fields in entries]
    whole = b"".join(data for data in packed if len(data) % BAR.itemsize == 0)
    return np.frombuffer(whole, BAR)


def split(entry: TickEntry, position: int) -> tuple[TickEntry | None, int]:
    """Return the part of an entry that is new to a reader, and the number of lost ticks before it.

    Parameters
    ----------
    entry : TickEntry
    position : int
        Position of the last tick that the reader has; an entry up to there yields None.
    """
    if entry.last <= position:
        return None, 0
    return entry.after(position), max(0, entry.first - position - 1)
