"""Which symbol an instrument id means, and when: from metadata, mapping and definition records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from tickfire.ingest.dbn.layout import (
    HEADER_SIZE,
    RTYPE_DEFINITION,
    RTYPE_SYMBOL_MAPPING,
    SIZE_SYMBOL_MAPPING_V2,
    SYMBOL_SIZE_V1,
    SYMBOL_SIZE_V2,
    UNDEF_PRICE,
    UNDEF_TIMESTAMP,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.schema import Instrument

__all__ = ["InstrumentTable"]

_STYPE_SIZE: Final = 1
_TICK_SIZE_AT: Final = 24
"""Offset of min_price_increment in a definition, all versions."""


class InstrumentTable:
    """The instruments of one feed, by id and time.

    Parameters
    ----------
    feed : int
        The feed's number.
    dataset : str
        Recorded with each instrument.
    """

    def __init__(self, feed: int, dataset: str = "") -> None:
        self.feed = feed
        self.dataset = dataset
        self._by_id: dict[int, list[Instrument]] = {}
        self._tick_sizes: dict[int, int] = {}

    def load(self, known: Instrument) -> None:
        """Take an instrument as it was stored."""
        self._by_id.setdefault(known.instrument_id, []).append(known)
        if known.tick_size:
            self._tick_sizes[known.instrument_id] = known.tick_size

    def symbol(self, instrument_id: int, ts: int) -> str:
        """Return the symbol of an id at a time (ns); the id itself where nothing maps it."""
        found = self._by_id.get(instrument_id)
        if not found:
            return str(instrument_id)
        for instrument in reversed(found):
            if instrument.start <= ts and (not instrument.end or ts < instrument.end):
                return instrument.symbol
        return found[-1].symbol

    def current(self, instrument_id: int) -> Instrument | None:
        """Return the newest mapping of an id."""
        found = self._by_id.get(instrument_id)
        return found[-1] if found else None

    # ---- sources

    def take_metadata(self, metadata: Metadata) -> list[Instrument]:
        """Learn from a file's or stream's metadata; return what is new."""
        self.dataset = metadata.dataset or self.dataset
        learnt = []
        for mapping in metadata.mappings:
            for interval in mapping.intervals:
                if metadata.stype_out == "instrument_id":
                    number, symbol = interval.symbol, mapping.raw_symbol
                elif metadata.stype_in == "instrument_id":
                    number, symbol = mapping.raw_symbol, interval.symbol
                else:
                    continue
                if not (number.isascii() and number.isdigit()):
                    continue
                times = _midnight_ns(interval.start), _midnight_ns(interval.end)
                learnt.append(self._add(int(number), symbol, *times))
        return [instrument for instrument in learnt if instrument is not None]

    def take_record(self, record: bytes) -> Instrument | None:
        """Learn from a symbol mapping or a definition; return the instrument if it is new."""
        if record[1] == RTYPE_SYMBOL_MAPPING:
            return self._take_mapping(record)
        if record[1] == RTYPE_DEFINITION:
            return self._take_definition(record)
        return None

    def _take_mapping(self, record: bytes) -> Instrument | None:
        number = int.from_bytes(record[4:8], "little")
        at = HEADER_SIZE
        if len(record) < SIZE_SYMBOL_MAPPING_V2:
            asked, out = record[at : at + SYMBOL_SIZE_V1], record[at + SYMBOL_SIZE_V1 :]
            out, times_at = out[:SYMBOL_SIZE_V1], at + 2 * SYMBOL_SIZE_V1 + 4
        else:
            asked = record[at + _STYPE_SIZE :][:SYMBOL_SIZE_V2]
            out = record[at + 2 * _STYPE_SIZE + SYMBOL_SIZE_V2 :][:SYMBOL_SIZE_V2]
            times_at = at + 2 * (_STYPE_SIZE + SYMBOL_SIZE_V2)
        symbol = _text(out)
        if not symbol or symbol == str(number):
            symbol = _text(asked)
        start = int.from_bytes(record[times_at : times_at + 8], "little")
        end = int.from_bytes(record[times_at + 8 : times_at + 16], "little")
        return self._add(number, symbol, _bounded(start), _bounded(end))

    def _take_definition(self, record: bytes) -> Instrument | None:
        number = int.from_bytes(record[4:8], "little")
        step = int.from_bytes(record[_TICK_SIZE_AT : _TICK_SIZE_AT + 8], "little", signed=True)
        if not 0 < step < UNDEF_PRICE or self._tick_sizes.get(number) == step:
            return None
        self._tick_sizes[number] = step
        known = self.current(number)
        if known is None:
            return None
        return self._add(number, known.symbol, known.start, known.end)

    def _add(self, number: int, symbol: str, start: int, end: int) -> Instrument | None:
        tick_size = self._tick_sizes.get(number, 0)
        new = Instrument(self.feed, number, symbol, tick_size, start, end, self.dataset)
        known = self._by_id.setdefault(number, [])
        if not symbol or new in known[-1:]:
            return None
        known[:] = [k for k in known if (k.symbol, k.start, k.end) != (symbol, start, end)]
        known.append(new)
        return new


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _bounded(ts: int) -> int:
    return 0 if ts == UNDEF_TIMESTAMP else ts


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000
