"""Stand-in for ingest: it writes ticks, bars, snapshots and instruments to Redis.

Ticks are folded by ingest's own `InstrumentStates`, so that bars and snapshots are the real ones.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import redis

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.store.epoch import EPOCH, SHARDS
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
    LAYOUT,
    LAYOUT_FIELD,
    META_KEY,
    NEWS_KEY,
    STATUS_KEY,
    TICK,
    TICK_ASK,
    TICK_BID,
    TICK_CLEAR,
    TICK_TRADE,
    Headline,
    Instrument,
    Status,
    Stream,
    bars_key,
    instrument_field,
    mapping_field,
    meta_field,
    new_epoch,
    shard_of,
    snapshots_key,
    ticks_key,
)
from tickfire.store.writes import BarWrite, SnapshotWrite, tick_writes

FEED = 1
STREAM = Stream(FEED, 0)
"""The first stream of the feed."""
DAY = 1_700_000_000_000_000_000 // 86_400_000_000_000 * 86_400_000_000_000
"""A midnight, in ns since the Unix epoch."""
SECOND = 1_000_000_000
HISTORY = 1_000_000
KINDS = {"trade": TICK_TRADE, "bid": TICK_BID, "ask": TICK_ASK, "clear": TICK_CLEAR}


def tick(
    kind: str = "trade",
    instrument: int = 1,
    price: int = 100 * SECOND,
    size: int = 1,
    at: int = DAY,
    side: str = "B",
) -> np.ndarray[Any, Any]:
    """Return TICK[1]."""
    row = np.zeros(1, TICK)
    row["ts_event"], row["size"], row["instrument_id"] = at, size, instrument
    row["price"] = UNDEF_PRICE if kind == "clear" else price
    row["kind"], row["side"], row["feed"] = KINDS[kind], ord(side), FEED
    return row


def trades(count: int, instrument: int = 1, start: int = DAY, step: int = SECOND // 10) -> Any:
    """Return TICK[count] of trades, `step` ns apart, at changing prices and sizes."""
    rows = np.repeat(tick(instrument=instrument), count)
    rows["ts_event"] = start + np.arange(count) * step
    rows["price"] = 100 * SECOND + np.arange(count) % 97 * 10_000_000
    rows["size"] = 1 + np.arange(count) % 5
    return rows


def mixed(count: int, instruments: int = 2, start: int = DAY) -> Any:
    """Return TICK[2 * count]: trades of the instruments in turn, each followed by a bid."""
    rows = np.repeat(trades(count, start=start), 2)
    rows["instrument_id"] = 1 + np.arange(len(rows)) // 2 % instruments
    rows["kind"][1::2] = tick("bid")["kind"]
    return rows


class Publisher:
    """Writer of one epoch to Redis."""

    def __init__(self, client: redis.Redis, shards: int = 1, feed: int = FEED) -> None:
        self.feed = feed
        self.client: Any = client
        self.shards = shards
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Delete the streams of the feed, and begin a new epoch at position 0."""
        for shard in range(self.shards):
            stream = self.stream(shard)
            self.client.delete(ticks_key(stream), bars_key(stream), snapshots_key(stream))
        own = b"%d:" % self.feed
        for field in self.client.hkeys(INSTRUMENTS_KEY):
            if field.startswith(own):
                self.client.hdel(INSTRUMENTS_KEY, field)
        self.epoch = new_epoch(self.feed)
        self.states = InstrumentStates(self.shards, self.feed)
        self.positions = [0] * self.shards
        self._bar_index = 1
        about = {EPOCH: self.epoch, SHARDS: self.shards}
        fields = {meta_field(self.feed, name): value for name, value in about.items()}
        self.client.hset(META_KEY, mapping={LAYOUT_FIELD: LAYOUT, **fields})

    def id(self, *positions: int) -> str:
        """Return the id of positions in the current epoch."""
        return str(WireId((FeedPositions(self.epoch, positions),)))

    def stream(self, shard: int) -> Stream:
        return Stream(self.feed, shard)

    def instruments(self, symbols: dict[int, str], tick_size: int = 10_000_000) -> None:
        """Write rows of the instruments table, and announce them on the status stream."""
        rows = [Instrument(self.feed, key, symbol, tick_size) for key, symbol in symbols.items()]
        self.client.hset(
            INSTRUMENTS_KEY,
            mapping={mapping_field(row): msgspec.msgpack.encode(row) for row in rows},
        )
        self.status("instrument")

    def status(self, kind: str, detail: str = "", begin: int = 0, end: int = 0) -> None:
        status = Status(kind, time.time_ns(), detail, feed=self.feed, begin=begin, end=end)
        packed = msgspec.msgpack.encode(status)
        self.client.xadd(STATUS_KEY, {"d": packed})

    def headline(self, number: int) -> None:
        at = DAY + number * SECOND
        line = Headline(f"h{number}", f"Title {number}", "wire", at, at, symbols=("AAA",))
        self.client.xadd(NEWS_KEY, {"d": msgspec.msgpack.encode(line)})

    def publish(self, ticks: Any, entry_size: int = 256, bars: bool = True) -> None:
        """Write ticks to their shards in entries of a given size, and the bars that they close."""
        ticks = ticks.copy()
        ticks["feed"] = self.feed
        shards = self._shards_of(ticks)
        for at in range(0, len(ticks), entry_size):
            for shard in range(self.shards):
                piece = ticks[at : at + entry_size][shards[at : at + entry_size] == shard]
                if len(piece):
                    self._write(shard, piece, bars)

    def _shards_of(self, rows: Any) -> Any:
        keys = zip(rows["feed"].tolist(), rows["instrument_id"].tolist(), strict=True)
        return np.array([shard_of(feed, key, self.shards) for feed, key in keys], np.int64)

    def _write(self, shard: int, ticks: Any, bars: bool) -> None:
        first = self.positions[shard] + 1
        now = time.time_ns()
        closed = self.states.fold(ticks, first)
        self.positions[shard] += len(ticks)
        pipe = self.client.pipeline(transaction=False)
        for entry in tick_writes(self.stream(shard), first, ticks, now, now, HISTORY):
            header, data = entry.header(time.time_ns()), entry.data
            pipe.xadd(ticks_key(self.stream(shard)), {"h": header, "d": data}, id=f"{entry.last}-0")
        pipe.execute()
        if bars and len(closed):
            self.write_bars(shard, closed)

    def write_bars(self, shard: int, bars: Any) -> None:
        stream, position = self.stream(shard), self.positions[shard]
        entry = BarWrite(stream, position, self._bar_index, bars.tobytes(), HISTORY)
        self._bar_index += 1
        self.client.xadd(bars_key(stream), {"d": entry.data}, id=f"{entry.position}-{entry.index}")

    def close_bars(self, feed_time: int) -> None:
        """Close and write the bars that end by a feed time, in ns."""
        closed = self.states.close(feed_time)
        for shard in range(self.shards):
            of = self._shards_of(closed) == shard
            if of.any():
                self.write_bars(shard, closed[of])

    def snapshot(self) -> None:
        """Write a snapshot of all instruments."""
        for shard in range(self.shards):
            rows = self.states.rows[self.states.rows["shard"] == shard].copy()
            command = SnapshotWrite(self.stream(shard), self.positions[shard], rows)
            fields: dict[bytes | str, bytes | int] = {"n": command.position}
            fields |= {
                instrument_field(int(row["feed"]), int(row["instrument_id"])): row.tobytes()
                for row in command.rows
            }
            self.client.hset(snapshots_key(self.stream(shard)), mapping=fields)

    def skip(self, count: int, shard: int = 0) -> None:
        """Skip positions, as if their ticks had been lost."""
        self.positions[shard] += count

    def trim(self, oldest: int, shard: int = 0) -> None:
        """Delete the entries of a shard that end before position `oldest`."""
        self.client.xtrim(ticks_key(self.stream(shard)), minid=oldest, approximate=False)

    def clear_all(self) -> None:
        """Write a clear of each instrument, as at the beginning of a feed session."""
        keys: Sequence[int] = self.states.rows["instrument_id"].tolist()
        self.publish(np.concatenate([tick("clear", key) for key in keys]))
