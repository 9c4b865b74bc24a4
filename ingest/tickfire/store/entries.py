"""Decoding of stream entries: ids, ticks, bars and statuses. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.resp import Reply
from tickfire.store.schema import BAR, ENTRY_SCHEMA_TICK, ENTRY_VERSION, TICK, Rows, Status
from tickfire.store.writes import HEADER

type Entry = tuple[bytes, dict[bytes, bytes]]
"""An entry of a stream: its id and its fields."""

NO_ID: Final = b"0-0"
"""An id that comes before that of every entry."""

_STATUS: Final = msgspec.msgpack.Decoder(Status)


class BadEntry(ValueError):
    """Raised for an id or an entry that does not follow docs/formats.md; readers skip the entry."""


class TickEntry(msgspec.Struct, gc=False):
    """The ticks of one entry of ``ticks:{f.s}``, or a part of them.

    Attributes
    ----------
    first, last : int
        Positions of the first and the last tick.
    ticks : TICK[last - first + 1]
        The ticks, read-only.
    received, parsed, written : int
        Times of the header, in ns since the Unix epoch by the writer's clock; see ENTRY_HEADER.
    """

    first: int
    last: int
    ticks: Rows
    received: int
    parsed: int
    written: int

    def after(self, position: int) -> TickEntry:
        """Return the part after `position`, which must be less than `last`."""
        if position < self.first:
            return self
        rest = self.ticks[position - self.first + 1 :]
        return TickEntry(position + 1, self.last, rest, self.received, self.parsed, self.written)

    def until(self, position: int) -> TickEntry:
        """Return the part up to and including `position`, which must not be less than `first`."""
        if position >= self.last:
            return self
        rest = self.ticks[: position - self.first + 1]
        return TickEntry(self.first, position, rest, self.received, self.parsed, self.written)


# --- ids
def id_parts(entry_id: bytes) -> tuple[int, int]:
    """Split an id into its two numbers.

    Raises
    ------
    BadEntry
        The id is not of the form ``<number>-<number>``.
    """
    major, _, minor = entry_id.partition(b"-")
    if not (major.isdigit() and minor.isdigit()):
        raise BadEntry(f"{entry_id!r} is not an id of the form <number>-<number>")
    return int(major), int(minor)


def is_after(entry_id: bytes, other: bytes) -> bool:
    """Return whether `entry_id` comes after `other`.

    Raises
    ------
    BadEntry
        One of the ids is not of the form ``<number>-<number>``.
    """
    return id_parts(entry_id) > id_parts(other)


def position_of(entry_id: bytes) -> int:
    """Return the position of an entry of ``ticks:{f.s}``, that is, of its last tick.

    Raises
    ------
    BadEntry
        The id is not of the form ``<position>-0``.
    """
    position, _, sequence = entry_id.partition(b"-")
    if sequence != b"0" or not position.isdigit():
        raise BadEntry(f"its id {entry_id!r} is not of the form <position>-0")
    return int(position)


def last_id(entries: list[Entry]) -> bytes:
    """Return the id of the last entry, or ``0-0`` if there are no entries."""
    return entries[-1][0] if entries else NO_ID


# --- fields
def entries_of(reply: Reply) -> list[Entry]:
    """Return the entries in the reply to XRANGE, or of one stream in the reply to XREAD.

    Elements that are not entries are left out.
    """
    if not isinstance(reply, list):
        return []
    return [_entry(item) for item in reply if isinstance(item, list) and len(item) == 2]


def _entry(item: list[Any]) -> Entry:
    flat = iter(item[1] or ())  # null for an entry that XDEL has removed
    return item[0], dict(zip(flat, flat, strict=True))


def ticks_of(entry: Entry) -> TickEntry:
    """Unpack an entry of ``ticks:{f.s}``.

    Id, header and length are checked, as kernels rely on them.

    Raises
    ------
    BadEntry
        The id, the header or the length is invalid.
    """
    entry_id, fields = entry
    last = position_of(entry_id)
    header = fields.get(b"h", b"")
    data = fields.get(b"d", b"")
    if len(header) != HEADER.size:
        raise BadEntry(f"its header has {len(header)} bytes, not {HEADER.size}")
    version, schema, _, count, received, parsed, written = HEADER.unpack(header)
    if version != ENTRY_VERSION or schema != ENTRY_SCHEMA_TICK:
        raise BadEntry(
            f"its version is {version} and its schema {schema}, which this release cannot read"
        )
    if not 0 < count <= MAX_TICKS_PER_ENTRY or count > last:
        raise BadEntry(f"its header counts {count} ticks that end at position {last}")
    if len(data) != count * TICK.itemsize:
        raise BadEntry(f"its header counts {count} ticks, its data has {len(data)} bytes")
    return TickEntry(last - count + 1, last, np.frombuffer(data, TICK), received, parsed, written)


def bars_of(entry: Entry) -> Rows:
    """Unpack an entry of ``bars:{f.s}`` as BAR[count], read-only.

    Raises
    ------
    BadEntry
        The length is 0 or not a multiple of the size of a bar.
    """
    data = entry[1].get(b"d", b"")
    if not data or len(data) % BAR.itemsize:
        raise BadEntry(f"its data has {len(data)} bytes, but bars have {BAR.itemsize} each")
    return np.frombuffer(data, BAR)


def all_bars_of(entries: list[Entry]) -> Rows:
    """Return the bars of entries of ``bars:{f.s}`` as one BAR[count]; skip bad entries."""
    packed = [fields.get(b"d", b"") for _, fields in entries]
    whole = b"".join(data for data in packed if len(data) % BAR.itemsize == 0)
    return np.frombuffer(whole, BAR)


def status_of(entry: Entry) -> Status | None:
    """Return the status in an entry of stream ``status``, None if it cannot be decoded."""
    try:
        return _STATUS.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        return None


def split(entry: TickEntry, position: int) -> tuple[TickEntry | None, int]:
    """Return the part of an entry after a position, and the number of ticks missing before it.

    Parameters
    ----------
    entry : TickEntry
    position : int
        Position of the last tick that the reader has.

    Returns
    -------
    part : TickEntry or None
        None if the reader already has every tick of the entry.
    missing : int
        Number of positions between `position` and the first tick of the entry.
    """
    if entry.last <= position:
        return None, 0
    return entry.after(position), max(0, entry.first - position - 1)
