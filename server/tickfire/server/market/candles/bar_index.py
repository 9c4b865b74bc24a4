"""`BarIndex`: which parts of a shard's stream of bars hold the bars of an instrument. Pure.

Entries of ``bars:{f.s}`` are in the order in which bars were closed, which is that of time except
for late pieces and rewinds, and an entry holds bars of many instruments. The index divides the
stream into parts, and keeps for each instrument and interval the range of time that a part holds,
so that old bars can be read without the rest of the stream.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickfire.store.entries import NO_ID, Entry, all_bars_of, is_after
from tickfire.store.limits import HISTORY_BARS
from tickfire.store.schema import BAR_REWIND, Rows

PART_ENTRIES: Final = 500
INTERVAL_BITS: Final = 17
"""Bits of an interval in a key: enough for a day in seconds."""
FIRST_ENTRY: Final = b"-1"
"""The end of the id of the first entry of an epoch."""
NEVER: Final = np.iinfo(np.int64).max

_ROWS: Final = np.dtype(
    [
        ("key", "<i8"),
        ("pieces", "<i8"),
        ("oldest", "<i8"),  # ns, least start
        ("newest", "<i8"),  # ns, greatest start
        ("void_from", "<i8"),  # ns, least start of a rewind, NEVER if there is none
    ]
)


def key_of(feed: int, instrument_id: int, interval_s: int) -> int:
    """Return the number that stands for the bars of an instrument and interval."""
    return (feed << 32 | instrument_id) << INTERVAL_BITS | interval_s


def keys_of(pieces: Rows) -> NDArray[np.int64]:
    """Return the key of each of BAR[]."""
    ids = pieces["feed"].astype(np.int64) << 32 | pieces["instrument_id"]
    keys: NDArray[np.int64] = ids << INTERVAL_BITS | pieces["interval_s"]
    return keys


@dataclass(slots=True, eq=False)
class Part:
    """A part of the stream.

    Attributes
    ----------
    first, last : bytes
        The ids of its first and its last entry.
    entries : int
        The number of its entries.
    """

    first: bytes
    last: bytes
    entries: int = 0
    _rows: Rows = field(default_factory=lambda: np.zeros(0, _ROWS))

    def add(self, last: bytes, entries: int, pieces: Rows) -> None:
        """Add entries up to the id `last`, given their pieces."""
        self.last = last
        self.entries += entries
        self._rows = _combined(np.concatenate((self._rows, _summary(pieces))))

    @property
    def has_rewinds(self) -> bool:
        """True if the feed has gone back in time within the part."""
        return bool((self._rows["void_from"] != NEVER).any())

    def span(self, key: int) -> Span | None:
        """Return the bars of a key in the part, None if it holds none."""
        at = int(np.searchsorted(self._rows["key"], key))
        if at == len(self._rows) or self._rows["key"][at] != key:
            return None
        _, *values = self._rows[at].item()
        return Span(self, *values)


class Span(NamedTuple):
    """The pieces of one key in a part.

    Attributes
    ----------
    part : Part
    pieces : int
        The number of pieces.
    oldest, newest : int
        The least and the greatest start, in ns.
    void_from : int
        The start from which on the pieces of earlier parts are void, `NEVER` if none is.
    """

    part: Part
    pieces: int
    oldest: int
    newest: int
    void_from: int


class BarIndex:
    """Index of one shard's stream of bars.

    Parameters
    ----------
    kept : int
        The number of newest entries that the stream holds at least; older ones are forgotten.
    part_entries : int
        The number of entries up to which the newest part grows.
    """

    def __init__(self, kept: int = HISTORY_BARS, part_entries: int = PART_ENTRIES) -> None:
        self._kept = kept
        self._part_entries = part_entries
        self._parts: deque[Part] = deque()
        self._entries = 0

    def add(self, entries: list[Entry]) -> None:
        """Add the next entries of the stream; those that were added before are left out."""
        if self._parts:
            last = self._parts[-1].last
            entries = [entry for entry in entries if is_after(entry[0], last)]
        if not entries:
            return
        if not self._parts or self._parts[-1].entries >= self._part_entries:
            self._parts.append(Part(entries[0][0], NO_ID))
        self._parts[-1].add(entries[-1][0], len(entries), all_bars_of(entries))
        self._entries += len(entries)
        while self._entries - self._parts[0].entries >= self._kept:
            self._entries -= self._parts.popleft().entries

    @property
    def is_whole(self) -> bool:
        """True if it holds all bars of the epoch."""
        return not self._parts or self._parts[0].first.endswith(FIRST_ENTRY)

    def oldest(self, key: int) -> int | None:
        """Return the start (ns) of the oldest bar of a key, None if there is none."""
        spans = (part.span(key) for part in self._parts)
        return min((span.oldest for span in spans if span is not None), default=None)

    @property
    def has_rewinds(self) -> bool:
        """True if the feed has gone back in time within the stream."""
        return any(part.has_rewinds for part in self._parts)

    def spans(self, key: int, before: int) -> list[tuple[Span, int]]:
        """Return the spans that hold pieces of a key with a start before a time, oldest part first.

        Each comes with the start (ns) from which on its pieces are void because of later parts.
        """
        found, void_from = [], NEVER
        for part in reversed(self._parts):
            span = part.span(key)
            if span is None:
                continue
            if span.oldest < min(before, void_from):
                found.append((span, void_from))
            void_from = min(void_from, span.void_from)
        return found[::-1]


def _summary(pieces: Rows) -> Rows:
    rows = np.empty(len(pieces), _ROWS)
    rows["key"] = keys_of(pieces)
    rows["pieces"] = 1
    rows["oldest"] = rows["newest"] = pieces["start"]
    rewinds = pieces["flags"] & BAR_REWIND != 0
    rows["void_from"] = np.where(rewinds, pieces["start"], NEVER)
    return rows


def _combined(rows: Rows) -> Rows:
    """Return one row for each key, by key."""
    if not len(rows):
        return rows
    rows = rows[np.argsort(rows["key"], kind="stable")]
    heads = np.flatnonzero(np.diff(rows["key"], prepend=rows["key"][0] - 1))
    out = np.empty(len(heads), _ROWS)
    out["key"] = rows["key"][heads]
    out["pieces"] = np.add.reduceat(rows["pieces"], heads)
    out["oldest"] = np.minimum.reduceat(rows["oldest"], heads)
    out["newest"] = np.maximum.reduceat(rows["newest"], heads)
    out["void_from"] = np.minimum.reduceat(rows["void_from"], heads)
    return out
