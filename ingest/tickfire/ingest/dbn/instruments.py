"""Table of the instruments of a feed, from metadata, mapping records and definitions."""

from __future__ import annotations

import msgspec

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.control import SymbolMappingMsg, decode_control
from tickfire.ingest.dbn.definition import definition_of
from tickfire.ingest.dbn.enums import STYPES
from tickfire.ingest.dbn.layout import LATEST_NS, RTYPE_DEFINITION, UNDEF_STYPE, UNDEF_TIMESTAMP
from tickfire.ingest.dbn.metadata import Metadata, date_to_ns
from tickfire.ingest.dbn.symbology import Names, names_of
from tickfire.store.limits import EVERY_INSTRUMENT, MAX_MAPPINGS
from tickfire.store.mappings import Mappings, contains
from tickfire.store.schema import Instrument


class InstrumentTable:
    """Table of the instruments of a feed, by id and time.

    Parameters
    ----------
    feed : int
        The number of the feed.
    dataset : str
        Databento's name of the venue's data, which is stored with each instrument.
    max_instruments : int
        Maximum number of instruments that are taken from metadata and records.

    Attributes
    ----------
    left_out : int
        Number of mappings and definitions left out since they exceed `max_instruments`, or the
        `MAX_MAPPINGS` of an instrument or a symbol.
    """

    def __init__(
        self, feed: int, dataset: str = "", max_instruments: int = EVERY_INSTRUMENT
    ) -> None:
        self.feed = feed
        self.dataset = dataset
        self.left_out = 0
        self._max_instruments = max_instruments
        self._mappings = Mappings()
        self._stype_in: str | None = None
        self._tick_sizes: dict[int, int] = {}
        self._raw_symbols: dict[int, str] = {}

    def load(self, known: Instrument) -> None:
        """Add an instrument that was stored before."""
        if known.feed != self.feed:
            return
        self._mappings.add(known)
        if known.tick_size:
            self._tick_sizes[known.instrument_id] = known.tick_size
        if known.raw_symbol:
            self._raw_symbols[known.instrument_id] = known.raw_symbol

    def symbol(self, instrument_id: int, ts: int) -> str:
        """Return the symbol of an id at a time (ns), or the id itself if it has none."""
        found = self._mappings.at(self.feed, instrument_id, ts)
        return str(instrument_id) if found is None else found.symbol

    def current(self, instrument_id: int) -> Instrument | None:
        """Return the newest mapping of an id, or None if there is none."""
        found = self._mappings.rows(self.feed, instrument_id)
        return found[-1] if found else None

    def rows(self) -> list[Instrument]:
        """Return all mappings."""
        return list(self._mappings)

    # --- sources
    def contradicting(self, row: Instrument) -> list[Instrument]:
        """Return the mappings that contradict one of another source, by start."""
        return self._mappings.contradicting(row)

    def free_parts(self, row: Instrument) -> list[Instrument]:
        """Return the parts of a mapping of another source that none here contradicts."""
        return self._mappings.free_parts(row)

    def begin(self, row: Instrument, start: int) -> Instrument:
        """Give a mapping without a start the time (ns) of the first data; return it changed."""
        begun = msgspec.structs.replace(row, start=start)
        self._mappings.replace(row, begun)
        return begun

    def learn(self, row: Instrument) -> list[Instrument]:
        """Add a mapping that another source tells; return the instruments that it changed."""
        rows = self._mappings.rows(self.feed, row.instrument_id)
        if any(each.symbol == row.symbol and contains(each, row.start) for each in rows):
            return []
        tick_size = row.tick_size or self._tick_sizes.get(row.instrument_id, 0)
        return self._mappings.add(msgspec.structs.replace(row, tick_size=tick_size))

    def take_metadata(self, metadata: Metadata) -> list[Instrument]:
        """Add the mappings in metadata; return the instruments that are new or have changed."""
        self.dataset = metadata.dataset or self.dataset
        self._stype_in = metadata.stype_in
        is_by_id = metadata.stype_in == "instrument_id" and metadata.stype_out != "instrument_id"
        learnt: list[Instrument] = []
        for mapping in metadata.mappings:
            for interval in mapping.intervals:
                asked, out = mapping.raw_symbol, interval.symbol
                number = asked if is_by_id else out
                if not (number.isascii() and number.isdigit()):
                    continue
                is_group = metadata.stype_in == "parent" and asked not in metadata.symbols
                stype_in = "raw_symbol" if is_group else metadata.stype_in
                times = date_to_ns(interval.start), date_to_ns(interval.end)
                learnt += self._add(int(number), names_of(stype_in, asked, out, number), *times)
        return learnt

    def take_record(self, record: bytes) -> list[Instrument]:
        """Add a symbol mapping or a definition; return the instruments that it changed."""
        if record[1] == RTYPE_DEFINITION:
            return self._take_definition(record)
        message = decode_control(record)
        return self._take_mapping(message) if isinstance(message, SymbolMappingMsg) else []

    def _take_mapping(self, message: SymbolMappingMsg) -> list[Instrument]:
        number, stype_in = message.instrument_id, self._stype_in
        if message.stype_in != UNDEF_STYPE and message.stype_in < len(STYPES):
            stype_in = STYPES[message.stype_in]
        names = names_of(stype_in, message.stype_in_symbol, message.stype_out_symbol, str(number))
        start = message.start if message.start != UNDEF_TIMESTAMP else 0
        end = message.end if message.end != UNDEF_TIMESTAMP else 0
        if not start:
            ts = message.ts_event if 0 < message.ts_event <= LATEST_NS else 0
            start = self._start_of(number, names.symbol, ts)
        return self._add(number, names, start, end)

    def _start_of(self, number: int, symbol: str, ts: int) -> int:
        """Return the start of a mapping that is told at a time (ns) without one.

        It is unknown, 0, for what is told first; what holds already goes on.
        """
        known = self.current(number)
        if known is not None and known.symbol == symbol and not 0 < known.end <= ts:
            return known.start
        is_moved = known is not None or self._mappings.rows_named(self.feed, symbol)
        return ts if symbol and is_moved else 0

    def _take_definition(self, record: bytes) -> list[Instrument]:
        """Take the tick size and the venue's symbol.

        They are also those of a mapping that comes later. Without a mapping, the definition makes
        the instrument.
        """
        definition = definition_of(record)
        if definition is None:
            return []
        number, step, raw = definition.instrument_id, definition.tick_size, definition.raw_symbol
        if not self._has_room(number):
            self.left_out += 1
            return []
        if 0 < step < UNDEF_PRICE:
            self._tick_sizes[number] = step
        renamed = raw and self._raw_symbols.get(number) not in (None, raw)
        if raw:
            self._raw_symbols[number] = raw
        ts = definition.ts_recv if 0 < definition.ts_recv <= LATEST_NS else 0
        row = (self._mappings.at(self.feed, number, ts) if ts else None) or self.current(number)
        if row is None or (renamed and not row.asked):
            return self._add(number, Names(raw, raw, ""), ts if row else 0, 0) if raw else []
        return self._update(row)

    def _update(self, row: Instrument) -> list[Instrument]:
        """Give a row what definitions told; return it if that changed it."""
        number = row.instrument_id
        raw = self._raw_symbols.get(number, row.raw_symbol)
        unnamed = row.symbol == str(number) and raw
        new = msgspec.structs.replace(
            row,
            symbol=raw if unnamed else row.symbol,
            raw_symbol=raw,
            tick_size=self._tick_sizes.get(number, row.tick_size),
        )
        if new == row:
            return []
        self._mappings.replace(row, new)
        return [new]

    def _add(self, number: int, names: Names, start: int, end: int) -> list[Instrument]:
        raw = names.raw_symbol or self._raw_symbols.get(number, "")
        symbol = names.symbol or raw or str(number)
        tick_size = self._tick_sizes.get(number, 0)
        rows = self._mappings.rows(self.feed, number)
        named = self._mappings.rows_named(self.feed, symbol)
        if not self._has_room(number) or max(len(rows), len(named)) >= MAX_MAPPINGS:
            self.left_out += 1
            return []
        new = Instrument(
            self.feed, number, symbol, tick_size, start, end, self.dataset, raw, names.asked
        )
        return self._mappings.add(new)

    def _has_room(self, number: int) -> bool:
        """Return whether an instrument is known, or may be added."""
        known = max(len(self._mappings), len(self._tick_sizes))
        is_known = number in self._tick_sizes or self.current(number) is not None
        return is_known or known < self._max_instruments
