"""Writes to Redis what ingest writes, tick by tick as the test wants it.

It folds its ticks with the book that ingest has, so that bars and snapshots are the real ones.
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
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
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
    bars_key,
    instrument_field,
    new_epoch,
    shard_of,
    snapshots_key,
    ticks_key,
)
from tickfire.store.writes import BarWrite, SnapshotWrite, tick_writes

FEED = 1
DAY = 1_700_000_000_000_000_000 // 86_400_000_000_000 * 86_400_000_000_000
"""ns: a midnight."""
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
    """One TICK, as an array of one."""
    row = np.zeros(1, TICK)
    row["ts_event"], row["size"], row["instrument_id"] = at, size, instrument
    row["price"] = UNDEF_PRICE if kind == "clear" else price
    row["kind"], row["side"], row["feed"] = KINDS[kind], ord(side), FEED
    return row


def trades(count: int, instrument: int = 1, start: int = DAY, step: int = SECOND // 10) -> Any:
    """Count trades, `step` ns apart, each at another price."""
    rows = np.repeat(tick(instrument=instrument), count)
    rows["ts_event"] = start + np.arange(count) * step
    rows["price"] = 100 * SECOND + np.arange(count) % 97 * 10_000_000
    rows["size"] = 1 + np.arange(count) % 5
    return rows


class Publisher:
    """One data set in Redis."""

    def __init__(self, client: redis.Redis, shards: int = 1) -> None:
        self.client: Any = client
        self.shards = shards
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Drop what there is and begin anew."""
        for shard in range(self.shards):
            self.client.delete(ticks_key(shard), bars_key(shard), snapshots_key(shard))
        self.client.delete(INSTRUMENTS_KEY)
        self.epoch = new_epoch()
        self.states = InstrumentStates(self.shards, FEED)
        self.positions = [0] * self.shards
        self._bar_index = 1
        self.client.hset(META_KEY, mapping={"epoch": self.epoch, "shards": self.shards})

    def instruments(self, symbols: dict[int, str], tick_size: int = 10_000_000) -> None:
        """Write rows of the table."""
        rows = [Instrument(FEED, key, symbol, tick_size) for key, symbol in symbols.items()]
        self.client.hset(
            INSTRUMENTS_KEY,
            mapping={
                instrument_field(row.feed, row.instrument_id): msgspec.msgpack.encode(row)
                for row in rows
            },
        )
        self.status("instrument")

    def status(self, kind: str) -> None:
        packed = msgspec.msgpack.encode(Status(kind, time.time_ns()))
        self.client.xadd(STATUS_KEY, {"d": packed})

    def headline(self, number: int) -> None:
        at = DAY + number * SECOND
        line = Headline(f"h{number}", f"Title {number}", "wire", at, at, symbols=("AAA",))
        self.client.xadd(NEWS_KEY, {"d": msgspec.msgpack.encode(line)})

    def publish(self, ticks: Any, entry_size: int = 256, bars: bool = True) -> None:
        """Write ticks, in entries of so many, each to its shard, and the bars they close."""
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
        for entry in tick_writes(shard, first, ticks, now, now, now, HISTORY):
            header, data = entry.header, entry.data
            pipe.xadd(ticks_key(shard), {"h": header, "d": data}, id=f"{entry.last}-0")
        pipe.execute()
        if bars and len(closed):
            self.write_bars(shard, closed)

    def write_bars(self, shard: int, bars: Any) -> None:
        entry = BarWrite(shard, self.positions[shard], self._bar_index, bars.tobytes(), HISTORY)
        self._bar_index += 1
        self.client.xadd(bars_key(shard), {"d": entry.data}, id=f"{entry.position}-{entry.index}")

    def close_bars(self, feed_time: int) -> None:
        """Let feed time close bars."""
        closed = self.states.close(feed_time)
        for shard in range(self.shards):
            of = self._shards_of(closed) == shard
            if of.any():
                self.write_bars(shard, closed[of])

    def snapshot(self) -> None:
        """Write the snapshot of everything."""
        for shard in range(self.shards):
            rows = self.states.rows[self.states.rows["shard"] == shard].copy()
            command = SnapshotWrite(shard, self.positions[shard], rows)
            fields: dict[bytes | str, bytes | int] = {"n": command.position}
            fields |= {
                instrument_field(int(row["feed"]), int(row["instrument_id"])): row.tobytes()
                for row in command.rows
            }
            self.client.hset(snapshots_key(shard), mapping=fields)

    def skip(self, count: int, shard: int = 0) -> None:
        """Lose so many ticks."""
        self.positions[shard] += count

    def trim(self, oldest: int, shard: int = 0) -> None:
        """Drop the entries that end before position `oldest`."""
        self.client.xtrim(ticks_key(shard), minid=oldest, approximate=False)

    def clear_all(self) -> None:
        """Write a clear for each instrument: a feed session begins."""
        keys: Sequence[int] = self.states.rows["instrument_id"].tolist()
        self.publish(np.concatenate([tick("clear", key) for key in keys]))
