"""`DataSet`: all that is known of one epoch: instruments, top of book, candles, positions.

A new epoch is a new data set, so nothing of the old can leak into it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickfire.base.units import UNDEF_PRICE, decimal_or_none, milliseconds
from tickfire.ingest.kernel.context import ROW_ASK, ROW_ASK_SIZE, ROW_BID, ROW_BID_SIZE
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.epoch.instruments import Instruments, Listing
from tickfire.server.market.ticks.encode import Encoder, Quote
from tickfire.server.market.ticks.positions import Place
from tickfire.server.market.ticks.slots import Slots
from tickfire.store.schema import Instrument


class DataSet:
    """One epoch as this worker knows it.

    Attributes
    ----------
    epoch : bytes
        Its 8-byte key.
    shards : int
    positions : list of int
        n of the last tick of each shard that was published.
    """

    def __init__(self, epoch: bytes, shards: int) -> None:
        self.epoch = epoch
        self.shards = shards
        self.positions = [0] * shards
        self.states = InstrumentStates(shards)
        self.instruments = Instruments(self.states, shards)
        self.slots = Slots(self.states)
        self.encoder = Encoder(epoch)
        self.candles = Candles(self.states)

    def load_instruments(self, rows: list[Instrument]) -> bool:
        """Take the instrument table; return whether it changed."""
        changed = self.instruments.load(rows)
        self.name_all()
        return changed

    def name_all(self) -> None:
        """Have a symbol, or a stand-in, for each slot of the book."""
        self.instruments.index_strangers()
        self.encoder.use_symbols(self.instruments.text, self.instruments.offsets)

    # --- where it stands
    def place(self) -> Place:
        """Return the position of all shards."""
        return Place(self.epoch, tuple(self.positions))

    def place_of(self, listing: Listing) -> Place:
        """Return the position of the shard of one instrument."""
        return Place(self.epoch, (self.positions[listing.shard],))

    # --- what is known of an instrument
    def quote(self, slot: int) -> Quote:
        """Return the top of book."""
        words = self.states.rows[slot : slot + 1].view(np.int64)
        return (
            int(words[ROW_BID]),
            int(words[ROW_ASK]),
            int(words[ROW_BID_SIZE]),
            int(words[ROW_ASK_SIZE]),
        )

    def quote_as_json(self, listing: Listing) -> dict[str, Any] | None:
        """Return a ``quote`` event of the top of book as it is; None if there never was one."""
        ts = int(self.states.rows[listing.slot]["quote_ts"])
        if not ts:
            return None
        return {
            "symbol": listing.symbol,
            **self._sides(listing.slot),
            "timestamp": milliseconds(ts),
            "ts_event": str(ts),
            "id": str(self.place_of(listing)),
        }

    def snapshot(self, slot: int) -> dict[str, Any]:
        """Return the snapshot of a join reply."""
        row = self.states.rows[slot]
        traded = int(row["last_ts"])
        at = max(traded, int(row["quote_ts"]))
        return {
            **self._sides(slot),
            "last": decimal_or_none(int(row["last_price"])) if traded else None,
            "last_size": int(row["last_size"]) if traded else None,
            "volume": int(row["volume"]),
            "timestamp": milliseconds(at) if at else None,
        }

    def _sides(self, slot: int) -> dict[str, Any]:
        bid, ask, bid_size, ask_size = self.quote(slot)
        return {
            "bid": decimal_or_none(bid),
            "ask": decimal_or_none(ask),
            "bid_size": None if bid == UNDEF_PRICE else bid_size,
            "ask_size": None if ask == UNDEF_PRICE else ask_size,
        }
