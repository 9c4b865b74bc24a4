"""`Instruments`: the table of instruments, by slot and by symbol.

A slot is the index of an instrument's row in the `InstrumentStates`, so that the same number leads
to its state, its symbol and its candles.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel.state import InstrumentStates, blank_row
from tickfire.server.market.ticks.source import Listing
from tickfire.store.requests import Requests
from tickfire.store.schema import INSTRUMENTS_KEY, STATE, Instrument, shard_of

type Key = tuple[int, int]

_DECODER: Final = msgspec.msgpack.Decoder(Instrument)


class Instruments:
    """Table of the instruments in the states.

    Parameters
    ----------
    states : InstrumentStates
    shards : int
        The number of shards.

    Attributes
    ----------
    listings : list of Listing
        The instruments by slot. One that the stored table does not name yet has a stand-in for a
        symbol, ``<feed>:<instrument_id>``.
    text : uint8[]
        The symbols, escaped for JSON, one after another.
    offsets : int64[slots + 1]
        The offset of each symbol in `text`, and the length of `text`.
    version : int
        A number that changes with the table.
    """

    def __init__(self, states: InstrumentStates, shards: int) -> None:
        self._states = states
        self._shards = shards
        self._rows: dict[Key, Instrument] = {}
        self.listings: list[Listing] = []
        self._by_symbol: dict[str, Listing] = {}
        self.version = 0
        self._index()

    def load(self, rows: Iterable[Instrument]) -> bool:
        """Replace the table; return whether anything changed."""
        fresh = {(row.feed, row.instrument_id): row for row in rows}
        if fresh == self._rows and len(self.listings) == len(self._states.rows):
            return False
        self._rows = fresh
        missing = [key for key in fresh if self._states.find(*key) is None]
        if missing:
            self._states.load(np.array([blank_row(*key, self._shards) for key in missing], STATE))
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

    def find(self, symbol: str) -> Listing | None:
        """Return the instrument that a symbol names now, None if there is none."""
        return self._by_symbol.get(symbol)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rows for a client, in the order of symbols."""
        return [self._by_symbol[symbol].as_json() for symbol in sorted(self._by_symbol)]

    def _index(self) -> None:
        keys = [(int(row["feed"]), int(row["instrument_id"])) for row in self._states.rows]
        named = [self._rows.get(key) or Instrument(*key, f"{key[0]}:{key[1]}") for key in keys]
        shared = _shared_symbols(named)
        self.listings = [
            Listing(
                slot,
                shard_of(about.feed, about.instrument_id, self._shards),
                _qualified(about) if about.symbol in shared else about.symbol,
                about,
            )
            for slot, about in enumerate(named)
        ]
        self._by_symbol = {}
        for listing in sorted(self.listings, key=lambda row: row.instrument.start):
            self._by_symbol[listing.symbol] = listing
        escaped = [msgspec.json.encode(row.symbol)[1:-1] for row in self.listings]
        self.text: NDArray[np.uint8] = np.frombuffer(b"".join(escaped), np.uint8)
        self.offsets: NDArray[np.int64] = np.zeros(len(escaped) + 1, np.int64)
        np.cumsum([len(text) for text in escaped], dtype=np.int64, out=self.offsets[1:])
        self.version += 1


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
