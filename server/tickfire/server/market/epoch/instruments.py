"""`Instruments`: the table of instruments, by slot and by symbol.

A slot is the index of an instrument's row in the `InstrumentStates`, so that the same number leads
to its state, its symbol and its candles.
"""

from __future__ import annotations

import copy
import logging
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.hours import TradingHours
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.units import utc
from tickfire.ingest.kernel.context import COUNT_INSTRUMENTS
from tickfire.ingest.kernel.state import InstrumentStates, blank_row
from tickfire.server.market.candles.tracks import Span, Track
from tickfire.server.market.epoch.feed_clock import FeedClock, Part, parts_of
from tickfire.server.market.ticks.source import Listing, topic_of
from tickfire.store.entries import TickEntry
from tickfire.store.mappings import EVER, Mappings, contains
from tickfire.store.requests import Requests
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
    STATE,
    TICK,
    TICK_CLEAR,
    Instrument,
    Stream,
    shard_of,
)
from tickfire.store.symbols import lowest_feeds, name_of, qualified

logger = logging.getLogger(__name__)

type Key = tuple[int, int]

_TS_EVENT, _KIND, _FEED = map((TICK.names or ()).index, ("ts_event", "kind", "feed"))
_DECODER: Final = msgspec.msgpack.Decoder(Instrument)


class Instruments:
    """Table of the instruments in the states, as of a time of each feed.

    Parameters
    ----------
    states : InstrumentStates
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.

    Attributes
    ----------
    listings : list of Listing
        The instruments by slot. One that the stored table does not name has a stand-in for a
        symbol: the venue's own or ``<feed>:<instrument_id>``.
    text : uint8[]
        The symbols, escaped for JSON, one after another.
    offsets : int64[slots + 1]
        The offset of each symbol in `text`, and the length of `text`.
    version : int
        A number that changes with the table.
    """

    def __init__(self, states: InstrumentStates, sessions: Sessions | None = None) -> None:
        self._states = states
        self._sessions = sessions or Sessions()
        self._shards: dict[int, int] = {}
        self._rows: frozenset[Instrument] = frozenset()
        self._mappings = Mappings()
        self._clocks: dict[int, FeedClock] = {}
        self.listings: list[Listing] = []
        self._by_symbol: dict[str, Listing] = {}
        self._ended: dict[str, Listing] = {}
        self._shown: list[Listing] = []
        self._names: list[tuple[str, ...]] = []
        self._topics: list[tuple[str, ...]] = []
        self._encoded: msgspec.Raw | None = None
        self.version = 0
        self._index()

    def begin(self, feed: int, shards: int) -> None:
        """Begin a feed anew: with a number of shards, and no time until a tick has come."""
        self._shards[feed] = shards
        self._clocks[feed] = FeedClock(self._mappings.bounds(feed))
        self._index()

    def load(self, rows: Iterable[Instrument]) -> bool:
        """Replace the table; return whether anything changed."""
        fresh = list(rows)
        if self._rows == set(fresh) and len(self.listings) == len(self._states.rows):
            return False
        self._rows, self._mappings = frozenset(fresh), Mappings(fresh)
        keys = self._mappings.keys()
        self._states.load(blank_states([key for key in keys if self._states.find(*key) is None]))
        self._clocks = {
            feed: FeedClock(self._mappings.bounds(feed), self._clock(feed).now)
            for feed in {feed for feed, _ in keys}
        }
        self._index()
        return True

    @property
    def rows(self) -> frozenset[Instrument]:
        """The rows of the stored table."""
        return self._rows

    @property
    def complete(self) -> bool:
        """True if each row of the states has a listing."""
        return len(self.listings) == self._states.count(COUNT_INSTRUMENTS)

    @property
    def names_all(self) -> bool:
        """True if the stored table names each instrument that has ticks."""
        states = self._states.rows[self._states.rows["n"] > 0]
        keys = zip(states["feed"].tolist(), states["instrument_id"].tolist(), strict=True)
        return set(keys) <= set(self._mappings.keys())

    def index_unnamed(self) -> None:
        """Give stand-in symbols to the instruments that the table does not name."""
        if not self.complete:
            self._index()

    # --- time
    def _clock(self, feed: int) -> FeedClock:
        return self._clocks.get(feed) or FeedClock()

    def is_current(self, feed: int, ts: int) -> bool:
        """Return whether a time (ns) of a feed has the symbols that the table is as of."""
        clock = self._clocks.get(feed)
        return clock is None or clock.is_current(ts)

    def is_whole(self, entry: TickEntry) -> bool:
        """Return whether an entry is of the time that the table is as of.

        Its first and last tick tell: a feed that goes back does so between two entries.
        """
        last = entry.ticks[-1].item()  # a tuple: single fields of a record cost more
        clock = self._clocks.get(last[_FEED])
        if clock is None:
            return True
        if last[_KIND] == TICK_CLEAR or not clock.is_current(last[_TS_EVENT]):
            return False
        if entry.first == entry.last:
            return True
        first = entry.ticks[0].item()
        return first[_KIND] != TICK_CLEAR and clock.is_current(first[_TS_EVENT])

    def parts(self, entry: TickEntry) -> list[Part]:
        """Return the parts of an entry between the bounds of its feed's mappings."""
        return parts_of(entry, self._clock(int(entry.ticks["feed"][0])).bounds)

    def bounds_until(self, feed: int, ts: int) -> int:
        """Return the number of bounds of a feed's mappings up to a time (ns)."""
        return bisect_right(self._clock(feed).bounds, ts)

    def as_of(self, feed: int, ts: int) -> Instruments:
        """Return the table as of another time (ns) of a feed."""
        past = copy.copy(self)
        past.set_time(feed, ts)
        return past

    def set_time(self, feed: int, ts: int) -> None:
        """Use the symbols of a time (ns) of a feed."""
        self._clocks = {**self._clocks, feed: FeedClock(self._clock(feed).bounds, ts)}
        self._index()

    def move(self, feed: int, ts: int) -> bool:
        """Go on to a time (ns) of a feed; return whether symbols changed."""
        clock = self._clocks.get(feed)
        if clock is None or clock.holds(ts):
            return False
        logger.info("the symbols of feed %d are now those of %s", feed, utc(ts))
        before = [listing.symbol for listing in self.listings]
        self.set_time(feed, ts)
        return before != [listing.symbol for listing in self.listings]

    # --- symbols
    def find(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now or named last, None if there is none."""
        return self._by_symbol.get(symbol) or self._ended.get(symbol)

    def hours_of(self, feed: int, symbol: str) -> TradingHours:
        """Return the trading hours of a symbol of a feed that the table has no longer."""
        datasets = (one.instrument.dataset for one in self.listings if one.stream.feed == feed)
        return self._sessions.of(next(datasets, ""), symbol)

    def current(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now, None if there is none."""
        return self._by_symbol.get(symbol)

    def of(self, feed: int, instrument_id: int) -> Listing | None:
        """Return an instrument by its key, None if it has no listing."""
        slot = self._states.find(feed, instrument_id)
        return None if slot is None or slot >= len(self.listings) else self.listings[slot]

    def names(self, slot: int) -> tuple[str, ...]:
        """Return the names by which an instrument is known now, also with its feed."""
        return self._names[slot]

    def topics(self, slot: int) -> tuple[str, ...]:
        """Return the topics of the ticks of an instrument, one for each of its names."""
        return self._topics[slot]

    def streams(self, symbol: str) -> tuple[Stream, ...]:
        """Return the streams of all instruments that a symbol stood for, in order of time."""
        listing = self.find(symbol)
        track = () if listing is None else self.track(listing)
        return tuple(dict.fromkeys(self.listings[span.slot].stream for span in track))

    def track(self, listing: Listing) -> Track:
        """Return the instruments that the symbol of a listing stood for, in order of time."""
        about = listing.instrument
        segments = self._mappings.segments(about.feed, about.symbol)
        found = []
        for row, start, end in segments:
            slot = self._states.find(row.feed, row.instrument_id)
            if slot is not None:
                found.append(Span(slot, start, end))
        return tuple(found) or (Span(listing.slot, 0, EVER),)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rows for a client, in the order of symbols."""
        return [listing.as_json() for listing in self._shown]

    def encoded(self) -> msgspec.Raw:
        """Return the rows for a client as JSON text, which is kept until the table changes."""
        if self._encoded is None:
            self._encoded = msgspec.Raw(msgspec.json.encode(self.as_json()))
        return self._encoded

    def _index(self) -> None:
        states = self._states.rows
        keys = list(zip(states["feed"].tolist(), states["instrument_id"].tolist(), strict=True))
        named = [self._mappings.named(*key, self._clock(key[0]).now) for key in keys]
        lowest = lowest_feeds([*self._mappings, *named])
        self.listings = [self._listing(slot, row, lowest) for slot, row in enumerate(named)]
        # An instrument of an earlier epoch has a row, but neither a name nor a tick.
        known = set(self._mappings.keys())
        present = [
            listing
            for listing, key in zip(self.listings, keys, strict=True)
            if key in known or states["n"][listing.slot]
        ]
        present.sort(key=lambda listing: listing.instrument.start)
        by_name = {listing.symbol: listing for listing in present}
        self._index_names(by_name, lowest)
        escaped = [msgspec.json.encode(row.symbol)[1:-1] for row in self.listings]
        self.text: NDArray[np.uint8] = np.frombuffer(b"".join(escaped), np.uint8)
        self.offsets: NDArray[np.int64] = np.zeros(len(escaped) + 1, np.int64)
        np.cumsum([len(text) for text in escaped], dtype=np.int64, out=self.offsets[1:])
        self._encoded = None
        self.version += 1

    def _listing(self, slot: int, about: Instrument, lowest: Mapping[str, int]) -> Listing:
        shard = shard_of(about.feed, about.instrument_id, self._shards.get(about.feed, 1))
        hours = self._sessions.of(about.dataset, about.symbol)
        return Listing(slot, Stream(about.feed, shard), name_of(about, lowest), about, hours)

    def _index_names(self, by_name: dict[str, Listing], lowest: Mapping[str, int]) -> None:
        """List all names: symbols, aliases, those that have ended, and each with its feed."""
        ended: dict[str, Listing] = {}
        aliases: dict[int, list[Listing]] = {}
        for row in sorted(self._mappings, key=lambda row: row.start):
            slot = self._states.find(row.feed, row.instrument_id)
            if slot is None or slot >= len(self.listings):
                continue
            listing = self._listing(slot, row, lowest)
            if listing.symbol in by_name:
                continue
            if contains(row, self._clock(row.feed).now):
                by_name[listing.symbol] = listing
                aliases.setdefault(slot, []).append(listing)
            else:
                ended[listing.symbol] = listing
        self._shown = [by_name[symbol] for symbol in sorted(by_name)]
        self._by_symbol = _with_feeds(by_name)
        self._ended = _with_feeds(ended)
        self._names = [
            _names([listing, *aliases.get(listing.slot, ())]) for listing in self.listings
        ]
        self._topics = [tuple(map(topic_of, names)) for names in self._names]


def _with_feeds(by_name: Mapping[str, Listing]) -> dict[str, Listing]:
    """Add the names ``FEED/SYMBOL``; a symbol that looks like one keeps its own meaning."""
    return {qualified(listing.instrument): listing for listing in by_name.values()} | dict(by_name)


def _names(listings: Iterable[Listing]) -> tuple[str, ...]:
    both = ((listing.symbol, qualified(listing.instrument)) for listing in listings)
    return tuple(dict.fromkeys(name for names in both for name in names))


def blank_states(keys: Sequence[Key]) -> NDArray[np.void]:
    """Return STATE[n] of instruments of which nothing is known."""
    return np.array([blank_row(feed, number, shards=1) for feed, number in keys], STATE)


async def read_instruments(requests: Requests) -> list[Instrument]:
    """Read the table from Redis, without the rows that cannot be decoded.

    Raises
    ------
    RedisUnavailable
        Redis does not answer.
    """
    rows = []
    for packed in (await requests.hash(INSTRUMENTS_KEY)).values():
        try:
            rows.append(_DECODER.decode(packed))
        except msgspec.MsgspecError:
            continue
    return rows
