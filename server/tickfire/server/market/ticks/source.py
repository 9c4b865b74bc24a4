"""Protocols: the part of the market that ticks and their subscriptions depend on.

`tickfire.server.market.epoch` implements them. They stand here so that dependencies point one way,
from the feeds to the ticks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.calendar.venues import VENUES
from tickfire.base.units import decimal
from tickfire.server.market.ticks.encode import Encoder, Quote
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.slots import Slots
from tickfire.store.entries import TickEntry
from tickfire.store.epoch import Epoch
from tickfire.store.schema import Instrument, Rows, Stream


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument of the table.

    Attributes
    ----------
    slot : int
        The index of its row in the states.
    stream : Stream
        The stream that its ticks are in.
    symbol : str
        The symbol that clients see: ``FEED/SYMBOL`` if a feed of a lower number has it, too.
    instrument : Instrument
        The row of the table.
    hours : TradingHours
        Those of its days.
    """

    slot: int
    stream: Stream
    symbol: str
    instrument: Instrument
    hours: TradingHours = ALWAYS

    def as_json(self) -> dict[str, Any]:
        """Return the row for a client."""
        about = self.instrument
        venue = VENUES.get(about.dataset)
        return {
            "symbol": self.symbol,
            "raw_symbol": about.raw_symbol or None,
            "asked": about.asked or None,
            "feed": about.feed,
            "instrument_id": about.instrument_id,
            "tick_size": decimal(about.tick_size) if about.tick_size > 0 else None,
            "venue": None if venue is None else venue.name,
            "time_zone": None if venue is None else venue.time_zone,
            "hours": self.hours.as_json(),
        }


def topic_of(symbol: str) -> str:
    """Return the topic of the ticks of one instrument."""
    return f"market:{symbol}"


class InstrumentTable(Protocol):
    """The instruments of all feeds."""

    @property
    def version(self) -> int:
        """A number that changes with the table."""

    @property
    def complete(self) -> bool:
        """True if each slot has a listing."""

    @property
    def listings(self) -> Sequence[Listing]:
        """Listings by slot."""

    def current(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now, None if there is none."""

    def find(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now or named last, None if there is none."""

    def names(self, slot: int) -> Sequence[str]:
        """Return the symbols by which an instrument is known now."""

    def topics(self, slot: int) -> Sequence[str]:
        """Return the topics of the ticks of an instrument, one for each of its names."""

    def streams(self, symbol: str) -> tuple[Stream, ...]:
        """Return the streams of all instruments that a symbol stood for, in order of time."""

    def parts(self, entry: TickEntry) -> Sequence[tuple[TickEntry, int | None]]:
        """Return the parts of an entry between changes of symbols, each with a time (ns) in it."""

    def encoded(self) -> msgspec.Raw:
        """Return the rows of the table for a client, as JSON text."""


class TickData(Protocol):
    """The state of the market: its instruments, their top of book, and its positions."""

    @property
    def epochs(self) -> Mapping[int, Epoch]:
        """Epoch of each feed, in the order of feeds."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Streams that are followed."""

    @property
    def positions(self) -> dict[Stream, int]:
        """Position of the last published tick of each stream of the epochs, in their order."""

    @property
    def instruments(self) -> InstrumentTable:
        """Table of instruments."""

    @property
    def slots(self) -> Slots:
        """Finder of slots."""

    @property
    def encoder(self) -> Encoder:
        """Encoder of frames."""

    def newest_id(self, streams: Iterable[Stream]) -> WireId:
        """Return the id of the newest ticks of some streams."""

    def streams_of(self, feed: int) -> tuple[Stream, ...]:
        """Return the streams of a feed that have a position."""

    def as_of(self, feed: int, ts: int) -> TickData:
        """Return the same with the symbols of a time (ns) of a feed."""

    def quote(self, slot: int) -> Quote:
        """Return the top of book of a slot."""

    def quote_as_json(self, listing: Listing) -> dict[str, Any] | None:
        """Return the top of book as a ``quote`` event, None if there never was one."""


class CandleSink(Protocol):
    """Receiver of the bars that ticks change and close."""

    def traded(self, slot: int) -> None:
        """Note that the running bars of a slot changed."""

    def take(self, pieces: Rows) -> None:
        """Take the BAR[] pieces that a fold of ticks closed, which may be none."""

    def flush(self) -> None:
        """Broadcast the changes that are due."""
