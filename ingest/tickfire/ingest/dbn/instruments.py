"""Table of the instruments of a feed, from metadata, mapping records and definitions."""

from __future__ import annotations

from typing import Final

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.control import SymbolMappingMsg, decode_control
from tickfire.ingest.dbn.layout import RTYPE_DEFINITION, UNDEF_TIMESTAMP
from tickfire.ingest.dbn.metadata import Metadata, date_to_ns
from tickfire.store.schema import Instrument

_TICK_SIZE_AT: Final = 24
"""The offset of min_price_increment in a definition of any version."""


class InstrumentTable:
    """Table of the instruments of a feed, by id and time.

    Parameters
    ----------
    feed : int
        The number of the feed.
    dataset : str
        Databento's name of the venue's data, which is stored with each instrument.
    """

    def __init__(self, feed: int, dataset: str = "") -> None:
        self.feed = feed
        self.dataset = dataset
        self._by_id: dict[int, list[Instrument]] = {}
        self._tick_sizes: dict[int, int] = {}

    def load(self, known: Instrument) -> None:
        """Add an instrument that was stored before."""
        self._by_id.setdefault(known.instrument_id, []).append(known)
        if known.tick_size:
            self._tick_sizes[known.instrument_id] = known.tick_size

    def symbol(self, instrument_id: int, ts: int) -> str:
        """Return the symbol of an id at a time (ns), or the id itself if it has none."""
        found = self._by_id.get(instrument_id)
        if not found:
            return str(instrument_id)
        for instrument in reversed(found):
            if instrument.start <= ts and (not instrument.end or ts < instrument.end):
                return instrument.symbol
        return found[-1].symbol

    def current(self, instrument_id: int) -> Instrument | None:
        """Return the newest mapping of an id, or None if there is none."""
        found = self._by_id.get(instrument_id)
        return found[-1] if found else None

    # --- sources
    def take_metadata(self, metadata: Metadata) -> list[Instrument]:
        """Add the mappings in metadata; return the instruments that are new or have changed."""
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
                times = date_to_ns(interval.start), date_to_ns(interval.end)
                learnt.append(self._add(int(number), symbol, *times))
        return [instrument for instrument in learnt if instrument is not None]

    def take_record(self, record: bytes) -> Instrument | None:
        """Add a symbol mapping or a definition; return the instrument if that changed it."""
        if record[1] == RTYPE_DEFINITION:
            return self._take_definition(record)
        message = decode_control(record)
        return self._take_mapping(message) if isinstance(message, SymbolMappingMsg) else None

    def _take_mapping(self, message: SymbolMappingMsg) -> Instrument | None:
        number, symbol = message.instrument_id, message.stype_out_symbol
        if not symbol or symbol == str(number):
            symbol = message.stype_in_symbol
        return self._add(number, symbol, _bounded(message.start), _bounded(message.end))

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


def _bounded(ts: int) -> int:
    return 0 if ts == UNDEF_TIMESTAMP else ts
