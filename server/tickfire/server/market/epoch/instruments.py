"""`Instruments`: the table of instruments, by slot and by symbol.

A slot is the index of an instrument's row in the `InstrumentStates`, so that the same number leads
to its state, its symbol and its candles.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.sessions import Sessions
from tickfire.ingest.kernel.state import InstrumentStates, blank_row
from tickfire.server.market.candles.tracks import Span, Track
from tickfire.server.market.epoch.feed_clock import FeedClock
from tickfire.server.market.ticks.source import Listing
from tickfire.store.entries import TickEntry
from tickfire.store.mappings import EVER, Mappings, contains
from tickfire.store.requests import Requests
from tickfire.store.schema import INSTRUMENTS_KEY, STATE, TICK_CLEAR, Instrument, shard_of

logger = logging.getLogger(__name__)

type Key = tuple[int, int]

_DECODER: Final = msgspec.msgpack.Decoder(Instrument)


class Instruments:
    """Table of the instruments in the states, as of a time of each feed.

    Parameters
    ----------
    states : InstrumentStates
    shards : int
        The number of shards.
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

    def __init__(
        self, states: InstrumentStates, shards: int, sessions: Sessions | None = None
    ) -> None:
        self._states = states
        self._sessions = sessions or Sessions()
        self._shards = shards
        self._rows: frozenset[Instrument] = frozenset()
        self._mappings = Mappings()
        self._clocks: dict[int, FeedClock] = {}
        self.listings: list[Listing] = []
        self._by_symbol: dict[str, Listing] = {}
        self._ended: dict[str, Listing] = {}
        self._aliases: dict[int, list[str]] = {}
        self.version = 0
        self._index()

    def load(self, rows: Iterable[Instrument]) -> bool:
        """Replace the table; return whether anything changed."""
        fresh = list(rows)
        if self._rows == set(fresh) and len(self.listings) == len(self._states.rows):
            return False
        self._rows, self._mappings = frozenset(fresh), Mappings(fresh)
        keys = self._mappings.keys()
        missing = [key for key in keys if self._states.find(*key) is None]
        if missing:
            self._states.load(np.array([blank_row(*key, self._shards) for key in missing], STATE))
        self._clocks = {
            feed: FeedClock(self._mappings.bounds(feed), self._clock(feed).now)
            for feed in {feed for feed, _ in keys}
        }
        self._index()
        return True

    @property
    def complete(self) -> bool:
        """True if each row of the states has a listing."""
        return len(self.listings) == len(self._states.rows)

    def index_unnamed(self) -> None:
        """Give stand-in symbols to the instruments that the table does not name."""
        if not self.complete:
            self._index()

    # --- time
    def _clock(self, feed: int) -> FeedClock:
        return self._clocks.get(feed) or FeedClock()

    def is_current(self, entry: TickEntry) -> bool:
        """Return whether an entry is of the time that the table is as of.

        Its first and last tick tell: a feed that goes back does so between two entries.
        """
        first, last = entry.ticks[0], entry.ticks[-1]
        clock = self._clocks.get(int(last["feed"]))
        if clock is None:
            return True
        is_timed = first["kind"] != TICK_CLEAR and last["kind"] != TICK_CLEAR
        return (
            is_timed and clock.holds(int(first["ts_event"])) and clock.holds(int(last["ts_event"]))
        )

    def parts(self, entry: TickEntry) -> Iterator[TickEntry]:
        """Yield the parts of an entry between bounds of its feed's mappings.

        The table is as of a part's time when that part is yielded.
        """
        feed = int(entry.ticks["feed"][0])
        clock = self._clock(feed)
        while True:
            # A clear has no time of its own.
            timed = np.flatnonzero(entry.ticks["kind"] != TICK_CLEAR)
            times = entry.ticks["ts_event"][timed]
            at = clock.first_beyond(times)
            if at == len(times):
                yield entry
                return
            position = entry.first + int(timed[at])
            if position > entry.first:
                yield entry.until(position - 1)
                entry = entry.after(position - 1)
            self.move(feed, int(times[at]))

    def move(self, feed: int, ts: int) -> bool:
        """Go on to a time (ns) of a feed; return whether symbols changed."""
        clock = self._clocks.get(feed)
        if clock is None or clock.holds(ts):
            return False
        logger.info("the symbols of feed %d are now those of %d ns", feed, ts)
        clock.set(ts)
        before = [listing.symbol for listing in self.listings]
        self._index()
        return before != [listing.symbol for listing in self.listings]

    # --- symbols
    def find(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now or named last, None if there is none."""
        return self._by_symbol.get(symbol) or self._ended.get(symbol)

    def current(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now, None if there is none."""
        return self._by_symbol.get(symbol)

    def names(self, slot: int) -> Iterator[str]:
        """Yield the symbols by which an instrument is known now."""
        yield self.listings[slot].symbol
        yield from self._aliases.get(slot, ())

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
        return [self._by_symbol[symbol].as_json() for symbol in sorted(self._by_symbol)]

    def _index(self) -> None:
        keys = [(int(row["feed"]), int(row["instrument_id"])) for row in self._states.rows]
        named = [self._name(*key) for key in keys]
        shared = _shared_symbols(named)
        self.listings = [self._listing(slot, about, shared) for slot, about in enumerate(named)]
        self._by_symbol = {}
        for listing in sorted(self.listings, key=lambda row: row.instrument.start):
            self._by_symbol[listing.symbol] = listing
        self._index_others(shared)
        escaped = [msgspec.json.encode(row.symbol)[1:-1] for row in self.listings]
        self.text: NDArray[np.uint8] = np.frombuffer(b"".join(escaped), np.uint8)
        self.offsets: NDArray[np.int64] = np.zeros(len(escaped) + 1, np.int64)
        np.cumsum([len(text) for text in escaped], dtype=np.int64, out=self.offsets[1:])
        self.version += 1

    def _name(self, feed: int, instrument_id: int) -> Instrument:
        """Return the row of an instrument now, or a stand-in."""
        row = self._mappings.at(feed, instrument_id, self._clock(feed).now)
        if row is not None:
            return row
        known = self._mappings.rows(feed, instrument_id)
        raw = known[-1].raw_symbol if known else ""
        return Instrument(feed, instrument_id, raw or f"{feed}:{instrument_id}")

    def _listing(self, slot: int, about: Instrument, shared: set[str]) -> Listing:
        symbol = _qualified(about) if about.symbol in shared else about.symbol
        shard = shard_of(about.feed, about.instrument_id, self._shards)
        hours = self._sessions.of(about.dataset, about.symbol)
        return Listing(slot, shard, symbol, about, hours)

    def _index_others(self, shared: set[str]) -> None:
        """List the symbols beside those of the listings: aliases, and those that have ended."""
        self._aliases, self._ended = {}, {}
        for row in sorted(self._mappings, key=lambda row: row.start):
            slot = self._states.find(row.feed, row.instrument_id)
            if slot is None or slot >= len(self.listings):
                continue
            listing = self._listing(slot, row, shared)
            if listing.symbol in self._by_symbol:
                continue
            if contains(row, self._clock(row.feed).now):
                self._by_symbol[listing.symbol] = listing
                self._aliases.setdefault(slot, []).append(listing.symbol)
            else:
                self._ended[listing.symbol] = listing


def _shared_symbols(named: list[Instrument]) -> set[str]:
    feeds: dict[str, set[int]] = {}
    for about in named:
        feeds.setdefault(about.symbol, set()).add(about.feed)
    return {symbol for symbol, of in feeds.items() if len(of) > 1}


def _qualified(about: Instrument) -> str:
    return f"{about.dataset or about.feed}/{about.symbol}"


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
