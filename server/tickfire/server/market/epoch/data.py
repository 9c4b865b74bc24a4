"""`EpochData`: the state of one epoch: its instruments, top of book, candles and positions.

A new epoch begins with new data, so that nothing of the old one can leak into it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.units import UNDEF_PRICE, decimal_or_none, milliseconds
from tickfire.ingest.kernel.context import ROW_ASK, ROW_ASK_SIZE, ROW_BID, ROW_BID_SIZE
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles.bar_index import BarIndex
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.epoch.instruments import Instruments
from tickfire.server.market.ticks.encode import Encoder, Quote
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.slots import Slots
from tickfire.server.market.ticks.source import Listing
from tickfire.store.schema import Instrument


class EpochData:
    """One epoch as this worker has read it.

    Parameters
    ----------
    feed : int
        The number of the feed.
    epoch : bytes
        The 8-byte key of the epoch.
    shards : int
        The number of shards.
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.

    Attributes
    ----------
    feed : int
    epoch : bytes
    shards : int
    positions : list of int
        The position of the last published tick of each shard.
    bar_indexes : list of BarIndex
        The index of the stream of bars of each shard.
    """

    def __init__(
        self, feed: int, epoch: bytes, shards: int, sessions: Sessions | None = None
    ) -> None:
        self.feed = feed
        self.epoch = epoch
        self.shards = shards
        self._hours: list[TradingHours] = []
        self.positions = [0] * shards
        self.states = InstrumentStates(shards)
        self.instruments = Instruments(self.states, shards, sessions)
        self.slots = Slots(self.states)
        self.encoder = Encoder(epoch)
        self.candles = Candles(self.states, hours_of=self.hours_of)
        self.bar_indexes = [BarIndex() for _ in range(shards)]

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

    def follow_clocks(self) -> None:
        """Go on, in the table of instruments, to the time of the newest tick of each feed."""
        rows = self.states.rows
        times = np.maximum(rows["last_ts"], rows["quote_ts"])
        for feed in np.unique(rows["feed"]).tolist():
            newest = int(times[rows["feed"] == feed].max())
            if newest:
                self.instruments.move(feed, newest)

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
    def newest_id(self, shards: Iterable[int] | None = None) -> WireId:
        """Return the id of the newest ticks of some shards, or of all."""
        positions = self.positions
        if shards is None:
            return WireId(self.epoch, tuple(positions))
        return WireId(self.epoch, tuple(positions[shard] for shard in shards))

    def id_of(self, listing: Listing) -> WireId:
        """Return the id of the newest tick of the shard of an instrument."""
        return WireId(self.epoch, (self.positions[listing.shard],))

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
            **self._sides(listing.slot),
            "timestamp": milliseconds(ts),
            "ts_event": str(ts),
            "id": str(self.id_of(listing)),
        }

    def snapshot(self, listing: Listing) -> dict[str, Any]:
        """Return the ``snapshot`` of a join reply, without what precedes the symbol's mapping."""
        row = self.states.rows[listing.slot]
        begin = self.instruments.track(listing)[-1].start
        traded_ts, quoted_ts = (
            ts if ts >= begin else 0 for ts in (int(row["last_ts"]), int(row["quote_ts"]))
        )
        newest_ts = max(traded_ts, quoted_ts)
        sides = self._sides(listing.slot)
        return {
            **(sides if quoted_ts else dict.fromkeys(sides)),
            "last": decimal_or_none(int(row["last_price"])) if traded_ts else None,
            "last_size": int(row["last_size"]) if traded_ts else None,
            "volume": int(row["volume"]) if traded_ts else 0,
            "timestamp": milliseconds(newest_ts) if newest_ts else None,
        }

    def _sides(self, slot: int) -> dict[str, Any]:
        bid, ask, bid_size, ask_size = self.quote(slot)
        return {
            "bid": decimal_or_none(bid),
            "ask": decimal_or_none(ask),
            "bid_size": None if bid == UNDEF_PRICE else bid_size,
            "ask_size": None if ask == UNDEF_PRICE else ask_size,
        }
