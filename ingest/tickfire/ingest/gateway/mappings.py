"""Symbol mappings of a file's metadata, and when to send each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter

from tickfire.ingest.dbn.control import SymbolMappingMsg
from tickfire.ingest.dbn.enums import STYPES
from tickfire.ingest.dbn.layout import UNDEF_STYPE
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping, date_to_ns

_RAW_SYMBOL = STYPES.index("raw_symbol")
_MAX_INSTRUMENT_ID = 2**32 - 1


def mappings_of(metadata: Metadata) -> list[SymbolMappingMsg]:
    """Return the mappings of instruments in metadata, ordered by start.

    As in a live session, ``stype_out_symbol`` is the symbol and the header has the instrument's
    id; ``ts_event`` is 0.
    """
    rows = (
        _message(metadata, mapping, interval)
        for mapping in metadata.mappings
        for interval in mapping.intervals
    )
    return sorted(filter(None, rows), key=attrgetter("start"))


def _message(
    metadata: Metadata, mapping: SymbolMapping, interval: MappingInterval
) -> SymbolMappingMsg | None:
    symbol, number = mapping.raw_symbol, interval.symbol
    if metadata.stype_in == "instrument_id":
        symbol, number = number, symbol
    if not (number.isascii() and number.isdigit() and int(number) <= _MAX_INSTRUMENT_ID):
        return None
    return SymbolMappingMsg(
        instrument_id=int(number),
        stype_in_symbol=symbol,
        stype_out_symbol=symbol,
        ts_event=0,
        stype_in=UNDEF_STYPE if metadata.stype_in is None else STYPES.index(metadata.stype_in),
        stype_out=_RAW_SYMBOL,
        start=date_to_ns(interval.start),
        end=date_to_ns(interval.end),
    )


class MappingSchedule:
    """The mappings of a replay in the order in which they are sent.

    At the beginning each instrument gets the mapping in force or, if there is none, its next one,
    so that no instrument is ever without a symbol. Every other mapping follows at its start.

    Parameters
    ----------
    mappings : list of SymbolMappingMsg
        Ordered by start.
    clock : int
        ns since the Unix epoch: the time of the first record.

    Attributes
    ----------
    first : list of SymbolMappingMsg
        The mappings to send at the beginning.
    """

    def __init__(self, mappings: list[SymbolMappingMsg], clock: int) -> None:
        ahead = [mapping for mapping in mappings if mapping.end > clock]
        self.first: list[SymbolMappingMsg] = []
        later: list[SymbolMappingMsg] = []
        known: set[int] = set()
        for mapping in ahead:
            (later if mapping.instrument_id in known else self.first).append(mapping)
            known.add(mapping.instrument_id)
        self._later = later
        self._starts = [mapping.start for mapping in later]
        self._at = 0

    def starts_until(self, clock: int) -> set[int]:
        """Return the starts, up to a time, of mappings not sent yet, in ns since the Unix epoch."""
        return set(self._starts[self._at : bisect_right(self._starts, clock, self._at)])

    def due(self, clock: int) -> Iterator[SymbolMappingMsg]:
        """Yield the mappings that have started by a time and were not yielded before."""
        while self._at < len(self._later) and self._later[self._at].start <= clock:
            yield self._later[self._at]
            self._at += 1
