"""Load one stream: its snapshots, its history of bars, and the ticks since the snapshots."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.epoch.data import MarketData
from tickfire.store.entries import all_bars_of
from tickfire.store.history import History
from tickfire.store.schema import SNAPSHOT_POSITION_FIELD, STATE, Stream, bars_key, snapshots_key

type Rows = NDArray[np.void]

BAR_ENTRIES: Final = 1_000
"""Bar entries in one request."""


class Loaded(NamedTuple):
    """The end of the part of a stream that was loaded.

    Attributes
    ----------
    position : int
        Position of the last tick.
    bars_id : bytes
        Id of the last entry of bars, after which to follow them.
    """

    position: int
    bars_id: bytes


async def seed_stream(data: MarketData, history: History, stream: Stream) -> Loaded:
    """Load a stream from Redis.

    Raises
    ------
    RedisUnavailable
        Redis does not answer, or refuses.
    """
    position = await _load_snapshots(data, history, stream)
    first, _ = await history.ticks_after(position, 1)
    hole = position, first[0].first if first else position + 1
    bars_id = await _load_bars(data, history, stream, hole)
    while True:
        entries, end = await history.ticks_after(position)
        for entry in entries:
            data.candles.take(data.states.fold(entry.ticks, entry.first))
        if end == position:
            break
        position = end
    data.name_all()
    return Loaded(position, bars_id)


async def reseed_stream(data: MarketData, history: History, stream: Stream, oldest: int) -> None:
    """Load a stream again after the ticks before position `oldest` were lost.

    Raises
    ------
    RedisUnavailable
        Redis does not answer, or refuses.
    """
    included = await _load_snapshots(data, history, stream)
    hole = max(included, data.positions[stream]), oldest
    slots = {row.slot for row in data.instruments.listings if row.stream == stream}
    data.candles.forget(slots)
    await _load_bars(data, history, stream, hole)
    data.positions[stream] = oldest - 1


async def _load_snapshots(data: MarketData, history: History, stream: Stream) -> int:
    """Load the snapshots that are newer than our rows; return the position that they are of."""
    packed = await history.hash(snapshots_key(stream))
    position = packed.pop(SNAPSHOT_POSITION_FIELD, b"0")
    whole = b"".join(row for row in packed.values() if len(row) == STATE.itemsize)
    rows = np.frombuffer(whole, STATE).copy()
    # A feed's own bars are not in the ticks: they are shown once they are closed.
    untraded = rows["last_ts"] == 0
    rows["s_start"][untraded] = rows["m_start"][untraded] = 0
    known = (data.states.row(int(row["feed"]), int(row["instrument_id"])) for row in rows)
    newer = [old is None or old["n"] < row["n"] for row, old in zip(rows, known, strict=True)]
    data.states.load(rows[newer])
    data.name_all()
    return int(position) if position.isdigit() else 0


async def _load_bars(
    data: MarketData, history: History, stream: Stream, hole: tuple[int, int]
) -> bytes:
    """Load the history of bars; return the id of its last entry."""
    cutoffs = data.candles.cutoffs()
    key, last = bars_key(stream), b"0-0"
    while True:
        entries = await history.range(key, b"(" + last, BAR_ENTRIES)
        if entries:
            last = entries[-1][0]
            data.bar_indexes[stream].add(entries)
            data.candles.load(all_bars_of(entries), cutoffs, hole)
        if len(entries) < BAR_ENTRIES:
            data.candles.settle()
            return last
