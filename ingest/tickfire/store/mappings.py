"""`Mappings`: which instrument a symbol stood for, and what an instrument was called, at a time.

An id may mean one symbol today and another tomorrow, and a continuous symbol such as ``ES.c.0``
moves from id to id. Each `Instrument` row says what an id was called in a range of time. Beyond
its range a row holds on, forwards until another symbol takes the id or another id takes the
symbol, and backwards for the first of an id. Pure.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from tickfire.store.schema import Instrument

EVER: Final = 2**63 - 1
"""The end of a range of time that has none."""

type Key = tuple[int, int]
"""feed and instrument_id."""


class Segment(NamedTuple):
    """A range of time in which a symbol stands for one instrument.

    Attributes
    ----------
    instrument : Instrument
    start, end : int
        In ns since the Unix epoch; `end` is exclusive, `EVER` if there is none.
    """

    instrument: Instrument
    start: int
    end: int


def end_of(row: Instrument) -> int:
    """Return the end of a row's range, `EVER` if it has none."""
    return row.end or EVER


def contains(row: Instrument, ts: int) -> bool:
    """Return whether a time (ns) is within a row's range."""
    return row.start <= ts < end_of(row)


def overlap(one: Instrument, other: Instrument) -> bool:
    """Return whether the ranges of two rows have a time in common."""
    return one.start < end_of(other) and other.start < end_of(one)


def _precedence(row: Instrument) -> tuple[int, bool, int, str]:
    """Return the order of rows: later ones, and those that were asked for, come last."""
    return row.start, bool(row.asked), row.instrument_id, row.symbol


def contradict(one: Instrument, other: Instrument) -> bool:
    """Return whether two rows cannot both hold at any one time.

    An id may have several symbols if they name the same instrument of the venue.
    """
    if one.instrument_id == other.instrument_id:
        same = (one.raw_symbol or one.symbol) == (other.raw_symbol or other.symbol)
        return one.symbol != other.symbol and not same
    return one.symbol == other.symbol


class Mappings:
    """Rows of the instrument table, by instrument and by symbol."""

    def __init__(self, rows: Iterable[Instrument] = ()) -> None:
        self._by_key: dict[Key, list[Instrument]] = {}
        self._by_symbol: dict[tuple[int, str], list[Instrument]] = {}
        for row in rows:
            self._put(row)

    def __iter__(self) -> Iterator[Instrument]:
        return (row for rows in self._by_key.values() for row in rows)

    def __len__(self) -> int:
        """Return the number of instruments."""
        return len(self._by_key)

    def keys(self) -> Iterable[Key]:
        """Return the (feed, instrument_id) of all instruments."""
        return self._by_key.keys()

    def rows(self, feed: int, instrument_id: int) -> list[Instrument]:
        """Return the rows of an instrument, by start."""
        return self._by_key.get((feed, instrument_id), [])

    def rows_named(self, feed: int, symbol: str) -> list[Instrument]:
        """Return the rows of a symbol, by start."""
        return self._by_symbol.get((feed, symbol), [])

    # --- changes
    def add(self, new: Instrument) -> list[Instrument]:
        """Add a row; return the rows that are new or have changed.

        A row without an end ends where a later row of the same id or symbol begins.
        """
        rows = self.rows(new.feed, new.instrument_id)
        if new in rows:
            return []
        others = [*rows, *self.rows_named(new.feed, new.symbol)]
        affected = [row for row in others if not row.end or row.start == new.start]
        changed = []
        for old in dict.fromkeys(affected):
            same = old.instrument_id == new.instrument_id and old.symbol == new.symbol
            if same and old.start == new.start:
                self._remove(old)
            elif not old.end and not same and old.start < new.start:
                self._remove(old)
                ended = msgspec.structs.replace(old, end=new.start)
                self._put(ended)
                changed.append(ended)
        self._put(new)
        return [*changed, new]

    def contradicting(self, row: Instrument) -> list[Instrument]:
        """Return the rows that contradict a row within its range, by start."""
        rows = self.rows(row.feed, row.instrument_id)
        holders = self.rows_named(row.feed, row.symbol)
        others = (each for each in dict.fromkeys([*rows, *holders]) if contradict(each, row))
        return sorted((each for each in others if overlap(each, row)), key=_precedence)

    def free_parts(self, row: Instrument) -> list[Instrument]:
        """Return the parts of a row that no other row contradicts, by start."""
        parts, start = [], row.start
        for other in self.contradicting(row):
            if start < other.start:
                parts.append(msgspec.structs.replace(row, start=start, end=other.start))
            start = max(start, end_of(other))
        if start < end_of(row):
            parts.append(msgspec.structs.replace(row, start=start))
        return parts

    def replace(self, old: Instrument, new: Instrument) -> None:
        """Put a row in the place of another."""
        self._remove(old)
        self._put(new)

    def _put(self, row: Instrument) -> None:
        for rows in self._rows_with(row):
            insort(rows, row, key=_precedence)

    def _remove(self, row: Instrument) -> None:
        for rows in self._rows_with(row):
            rows.remove(row)

    def _rows_with(self, row: Instrument) -> tuple[list[Instrument], list[Instrument]]:
        return (
            self._by_key.setdefault((row.feed, row.instrument_id), []),
            self._by_symbol.setdefault((row.feed, row.symbol), []),
        )

    # --- what an instrument is called
    def at(self, feed: int, instrument_id: int, ts: int) -> Instrument | None:
        """Return the row of an instrument at a time (ns), None if it is called nothing then."""
        rows = self.rows(feed, instrument_id)
        for row in reversed(rows):
            if contains(row, ts):
                return row
        before = [row for row in rows if row.start <= ts]
        nearest = before[-1] if before else rows[0] if rows else None
        return None if nearest is None or self._is_taken(nearest, ts) else nearest

    def named(self, feed: int, instrument_id: int, ts: int) -> Instrument:
        """Return the row of an instrument at a time (ns), or a stand-in if it has none.

        The stand-in has the venue's own name, or else ``<feed>:<instrument_id>``.
        """
        row = self.at(feed, instrument_id, ts)
        if row is not None:
            return row
        known = self.rows(feed, instrument_id)
        raw = known[-1].raw_symbol if known else ""
        return Instrument(feed, instrument_id, raw or f"{feed}:{instrument_id}")

    def aliases(self, feed: int, instrument_id: int, ts: int) -> tuple[Instrument, ...]:
        """Return all rows of an instrument at a time (ns), that of `at` first."""
        first = self.at(feed, instrument_id, ts)
        if first is None:
            return ()
        rows = self.rows(feed, instrument_id)
        return (first, *(row for row in rows if row is not first and contains(row, ts)))

    def _is_taken(self, row: Instrument, ts: int) -> bool:
        """Return whether another instrument has the symbol of a row at a time beyond its range."""
        holders = self._by_symbol[row.feed, row.symbol]
        return any(
            other.instrument_id != row.instrument_id and contains(other, ts) for other in holders
        )

    # --- what a symbol stood for
    def segments(self, feed: int, symbol: str) -> tuple[Segment, ...]:
        """Return the ranges in which a symbol stands for an instrument, in order."""
        rows = self.rows_named(feed, symbol)
        found: list[Segment] = []
        for at, row in enumerate(rows):
            start, end = self._begin_of(row) if at == 0 else row.start, self._finish_of(row)
            if at + 1 < len(rows):
                end = min(end, max(row.start, rows[at + 1].start))
            if start < end:
                found.append(Segment(row, start, end))
        return tuple(found)

    def _begin_of(self, row: Instrument) -> int:
        """Return the start of a symbol's first row: none if its id had no other name before."""
        others = self.rows(row.feed, row.instrument_id)
        is_later = any(o.symbol != row.symbol and end_of(o) <= row.start for o in others)
        return row.start if is_later else 0

    def _finish_of(self, row: Instrument) -> int:
        """Return the end of a row: as late as its id has no other name."""
        if not row.end:
            return EVER
        others = self.rows(row.feed, row.instrument_id)
        later = [o.start for o in others if o.symbol != row.symbol and o.start >= row.end]
        return min(later, default=EVER)

    def first_id(self, feed: int, symbol: str) -> int | None:
        """Return the first id that a symbol stood for, None if that id had another name before."""
        holders = self.rows_named(feed, symbol)
        if not holders:
            return None
        first = self.rows(feed, holders[0].instrument_id)[0]
        return first.instrument_id if first.symbol == symbol else None

    def is_moved(self, feed: int) -> bool:
        """Return whether any id of a feed has had several symbols, or any symbol several ids."""
        symbols = [rows for (own, _), rows in self._by_symbol.items() if own == feed]
        ids = [rows for (own, _), rows in self._by_key.items() if own == feed]
        return any(len({row.instrument_id for row in rows}) > 1 for rows in symbols) or any(
            len({row.symbol for row in rows}) > 1 for rows in ids
        )

    def bounds(self, feed: int) -> list[int]:
        """Return the times (ns) at which the name of an instrument of a feed may change, sorted."""
        times = {t for row in self if row.feed == feed for t in (row.start, row.end) if t}
        return sorted(times)
