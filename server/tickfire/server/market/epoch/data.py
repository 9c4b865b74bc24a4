"""`MarketData`: the state of all feeds: instruments, top of book, candles and positions.

Each feed has an epoch of its own. When it ends, everything of that feed is dropped before the next
one is loaded, so that nothing of the old epoch can leak into it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.units import decimal_or_none, milliseconds
from tickfire.ingest.kernel.context import ROW_ASK, ROW_ASK_SIZE, ROW_BID, ROW_BID_SIZE
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.bar_index import BarIndex
from tickfire.server.market.candles.candles import LIMIT, Candles
from tickfire.server.market.candles.series import VOLUME
from tickfire.server.market.candles.tracks import Span
from tickfire.server.market.epoch.instruments import Instruments, blank_states
from tickfire.server.market.ticks.encode import Encoder, Quote
from tickfire.server.market.ticks.json import sides_as_json, times_as_json
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.slots import Slots
from tickfire.server.market.ticks.source import Listing
from tickfire.store.epoch import Epoch
from tickfire.store.schema import HOUR_S, Instrument, Stream

KEPT_TABLES: Final = 8
"""Tables of past times that are kept, so that clients that catch up share them."""


class MarketData:
    """The feeds as this worker has read them.

    Parameters
    ----------
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.

    Attributes
    ----------
    epochs : dict of int to Epoch
        The epoch of each feed, in the order of feeds: the current one, or while the next one is
        loaded, the last.
    streams : tuple of Stream
        The streams that are followed: those of the feeds whose epoch is current.
    positions : dict of Stream to int
        The position of the last published tick of each stream of the epochs, in their order.
    bar_indexes : dict of Stream to BarIndex
        The index of the bars of each stream.
    """

    def __init__(self, sessions: Sessions | None = None) -> None:
        self._hours: list[TradingHours] = []
        self.epochs: dict[int, Epoch] = {}
        self.streams: tuple[Stream, ...] = ()
        self.positions: dict[Stream, int] = {}
        self.bar_indexes: dict[Stream, BarIndex] = {}
        self._past: dict[tuple[int, int, int], MarketData] = {}
        self.states = InstrumentStates()
        self.instruments = Instruments(self.states, sessions)
        self.slots = Slots(self.states)
        self.encoder = Encoder()
        self.candles = Candles(self.states, hours_of=self.hours_of)

    def load_instruments(self, rows: list[Instrument]) -> bool:
        """Replace the table of instruments; return whether it changed."""
        changed = self.instruments.load(rows)
        self.name_all()
        return changed

    def name_all(self) -> None:
        """Give each slot its symbol, or a stand-in if the table does not have one."""
        self.instruments.index_unnamed()
        self._use_hours()
        self.encoder.use_symbols(self.instruments.text, self.instruments.offsets)

    def follow_clock(self, feed: int) -> None:
        """Go on, in the table of instruments, to the time of the newest tick of a feed."""
        rows = self.states.rows[self.states.rows["feed"] == feed]
        newest = int(np.maximum(rows["last_ts"], rows["quote_ts"]).max(initial=0))
        if newest:
            self.instruments.move(feed, newest)

    # --- feeds
    def prepare(self, epoch: Epoch) -> None:
        """Make room for the data of a new epoch, which are then loaded."""
        self.instruments.begin(epoch.feed, epoch.shards)
        for stream in epoch.streams():
            self.bar_indexes[stream] = BarIndex()

    def enter(self, epoch: Epoch, positions: dict[Stream, int]) -> None:
        """Make an epoch that has been loaded up to some positions the current one of its feed."""
        feed = epoch.feed
        self.epochs = dict(sorted({**self.epochs, feed: epoch}.items()))
        others = {stream: at for stream, at in self.positions.items() if stream.feed != feed}
        self.positions = dict(sorted({**others, **positions}.items()))
        self.streams = tuple(sorted({*self.streams, *positions}))

    def leave(self, feed: int) -> None:
        """Stop following a feed, and drop its data; its last positions are kept for ids."""
        self.streams = tuple(stream for stream in self.streams if stream.feed != feed)
        rows = self.states.rows
        slots = np.flatnonzero(rows["feed"] == feed).tolist()
        keys = [(feed, int(rows["instrument_id"][slot])) for slot in slots]
        self.candles.forget(frozenset(slots))
        self.states.load(blank_states(keys))

    def streams_of(self, feed: int) -> tuple[Stream, ...]:
        """Return the streams of a feed that have a position."""
        return tuple(stream for stream in self.positions if stream.feed == feed)

    def hours_of(self, slot: int) -> TradingHours:
        """Return the trading hours of an instrument."""
        return self._hours[slot] if slot < len(self._hours) else ALWAYS

    def _use_hours(self) -> None:
        """Find the trading hours of all instruments; fold days anew where they are other ones."""
        before, self._hours = self._hours, [row.hours for row in self.instruments.listings]
        for slot, hours in enumerate(self._hours):
            if hours != (before[slot] if slot < len(before) else ALWAYS):
                self.candles.refold(slot)

    # --- positions
    def newest_id(self, streams: Iterable[Stream] | None = None) -> WireId:
        """Return the id of the newest ticks of some streams, or of all."""
        chosen = self.positions if streams is None else streams
        return WireId.of(self.epochs, {stream: self.positions[stream] for stream in chosen})

    def id_of(self, listing: Listing) -> WireId:
        """Return the id of the newest ticks of the feed of an instrument."""
        return self.newest_id(self.streams_of(listing.stream.feed))

    def id_at(self, stream: Stream, position: int) -> WireId:
        """Return the id of a position in one stream, and of the newest ticks of its feed."""
        own = {one: self.positions[one] for one in self.streams_of(stream.feed)}
        return WireId.of(self.epochs, {**own, stream: position})

    # --- the past
    def beside(self, others: Mapping[Epoch, Mapping[Stream, int]]) -> MarketData:
        """Return the same with other feeds in the given epochs and positions."""
        found = copy.copy(self)
        found.forget_past()
        found.follow(self, others)
        return found

    def follow(self, market: MarketData, others: Mapping[Epoch, Mapping[Stream, int]]) -> None:
        """Take over the positions of the market, but those given of other feeds."""
        self.epochs, self.positions = market.epochs, market.positions
        for epoch, positions in others.items():
            self.enter(epoch, dict(positions))

    def as_of(self, feed: int, ts: int) -> MarketData:
        """Return the same with the symbols of a time (ns) of a feed."""
        if self.instruments.is_current(feed, ts):
            return self
        key = self.instruments.version, feed, self.instruments.bounds_until(feed, ts)
        if key not in self._past:
            if len(self._past) == KEPT_TABLES:
                self._past.pop(next(iter(self._past)))
            self._past[key] = self._copy_as_of(feed, ts)
        return self._past[key]

    def forget_past(self) -> None:
        """Drop the tables of past times."""
        self._past = {}

    def _copy_as_of(self, feed: int, ts: int) -> MarketData:
        past = copy.copy(self)
        past.instruments = self.instruments.as_of(feed, ts)
        past.encoder = Encoder()
        past.encoder.use_symbols(past.instruments.text, past.instruments.offsets)
        return past

    # --- state of an instrument
    def quote(self, slot: int) -> Quote:
        """Return the top of book of a slot."""
        words = self.states.rows[slot : slot + 1].view(np.int64)
        return (
            int(words[ROW_BID]),
            int(words[ROW_ASK]),
            int(words[ROW_BID_SIZE]),
            int(words[ROW_ASK_SIZE]),
        )

    def quote_as_json(self, listing: Listing) -> dict[str, Any] | None:
        """Return the top of book as a ``quote`` event, None if there never was one."""
        ts = int(self.states.rows[listing.slot]["quote_ts"])
        if not ts:
            return None
        return {
            "symbol": listing.symbol,
            **sides_as_json(self.quote(listing.slot)),
            **times_as_json(ts),
            "id": str(self.id_of(listing)),
        }

    def snapshot(self, listing: Listing) -> dict[str, Any]:
        """Return the ``snapshot`` of a join reply, without ticks of before the symbol's mapping."""
        row = self.states.rows[listing.slot]
        span = self.instruments.track(listing)[-1]
        traded_ts, quoted_ts = (
            ts if ts >= span.start else 0 for ts in (int(row["last_ts"]), int(row["quote_ts"]))
        )
        newest_ts = max(traded_ts, quoted_ts)
        sides = sides_as_json(self.quote(listing.slot))
        return {
            **(sides if quoted_ts else dict.fromkeys(sides)),
            "last": decimal_or_none(int(row["last_price"])) if traded_ts else None,
            "last_size": int(row["last_size"]) if traded_ts else None,
            "volume": self._volume(span) if traded_ts else 0,
            "timestamp": milliseconds(newest_ts) if newest_ts else None,
        }

    def _volume(self, span: Span) -> int:
        """Return the volume of a session of a feed, without what precedes a symbol's mapping."""
        volume = int(self.states.rows[span.slot]["volume"])
        if not span.start:
            return volume
        hours = tracks.before(self.candles, (span,), HOUR_S, span.end, LIMIT)
        return min(volume, int(hours[:, VOLUME].sum()))
