"""The data set in Redis: its epoch, positions, instruments and snapshots.

`Store.open` continues where the last ingest stopped, or begins a new epoch if the data set or a
part of it is gone. Off the hot path, so through redis-py.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import msgspec
import numpy as np
from redis.asyncio import Redis, RedisCluster

from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.pipe import Node
from tickfire.store.schema import (
    BAR,
    INSTRUMENTS_KEY,
    META_KEY,
    SNAPSHOT_POSITION_FIELD,
    STATE,
    STATUS_KEY,
    TICK,
    Instrument,
    Status,
    bars_key,
    instrument_field,
    new_epoch,
    snapshots_key,
    ticks_key,
)

logger = logging.getLogger(__name__)

STATUS_HISTORY: Final = 10_000
ENTRIES_PER_READ: Final = 512
BARS_LOOKED_BACK: Final = 256
"""Bar entries looked at, from the newest, for bars that the roll forward closes again."""


class Store:
    """The data set behind a redis-py client.

    Parameters
    ----------
    client : Redis or RedisCluster
    shards : int
    """

    def __init__(self, client: Redis | RedisCluster, shards: int) -> None:
        self._client: Any = client
        self.shards = shards
        self.epoch = b""
        self.bar_index = [1] * shards  # 0-0 is no id

    async def open(self, states: InstrumentStates) -> list[Instrument]:
        """Bring a fresh book up to date; return the known instruments."""
        meta = await self._client.hgetall(META_KEY)
        ends = [await self._last_id(ticks_key(s)) for s in range(self.shards)]
        same = meta.get(b"shards") == b"%d" % self.shards
        if not meta.get(b"epoch") or not same or None in ends:
            await self.begin_epoch()
            return []
        self.epoch = meta[b"epoch"]
        for shard, end in enumerate(ends):
            assert end is not None
            states.positions[shard] = end[0]
            await self._restore(states, shard)
        stored = await self._client.hvals(INSTRUMENTS_KEY)
        logger.info(
            "going on at position %s of epoch %s", states.positions.tolist(), self.epoch.hex()
        )
        return [msgspec.msgpack.decode(row, type=Instrument) for row in stored]

    async def begin_epoch(self) -> None:
        """Remove what is left of a data set and begin a new one."""
        for shard in range(self.shards):
            for key in (ticks_key(shard), bars_key(shard), snapshots_key(shard)):
                await self._client.delete(key)
        await self._client.delete(INSTRUMENTS_KEY)
        self.epoch = new_epoch()
        self.bar_index = [1] * self.shards
        fields = {"epoch": self.epoch, "shards": self.shards}
        await self._client.hset(META_KEY, mapping=fields)
        logger.info("beginning epoch %s", self.epoch.hex())

    async def is_current(self) -> bool:
        """Return whether Redis still holds this data set."""
        return bool(await self._client.hget(META_KEY, "epoch") == self.epoch)

    async def put_instruments(self, instruments: list[Instrument]) -> None:
        """Write instruments into the table, and say so in ``status``."""
        if not instruments:
            return
        rows = {
            instrument_field(row.feed, row.instrument_id): msgspec.msgpack.encode(row)
            for row in instruments
        }
        await self._client.hset(INSTRUMENTS_KEY, mapping=rows)
        await self.put_status("instrument", ", ".join(row.symbol for row in instruments[:8]))

    async def put_status(self, kind: str, detail: str = "") -> None:
        """Publish what happened to the feed."""
        status = msgspec.msgpack.encode(Status(kind, time.time_ns(), detail))
        await self._client.xadd(STATUS_KEY, {"d": status}, maxlen=STATUS_HISTORY, approximate=True)

    async def locate(self, shard: int) -> Node:
        """Return the node of a shard."""
        options: dict[str, Any]
        if isinstance(self._client, RedisCluster):
            await self._client.initialize()
            slot = self._client.keyslot(ticks_key(shard))
            node = self._client.nodes_manager.get_node_from_slot(slot)
            options = {**self._client.get_connection_kwargs(), "host": node.host, "port": node.port}
        else:
            options = self._client.connection_pool.connection_kwargs
        return Node(
            options.get("host", "127.0.0.1"),
            int(options.get("port", 6379)),
            options.get("username"),
            options.get("password"),
            int(options.get("db") or 0),
            "ssl_context" in options or "ssl_cert_reqs" in options,
        )

    # --- restoring
    async def _last_id(self, key: bytes) -> tuple[int, int] | None:
        newest = await self._client.xrevrange(key, count=1)
        return _split(newest[0][0]) if newest else None

    async def _restore(self, states: InstrumentStates, shard: int) -> None:
        """Load a shard's snapshots and roll them forward to the end of its stream."""
        snapshots = await self._client.hgetall(snapshots_key(shard))
        position = int(snapshots.pop(SNAPSHOT_POSITION_FIELD, b"0"))
        rows = [np.frombuffer(row, STATE)[0] for row in snapshots.values()]
        states.load(np.array(rows, STATE))
        last_bar = await self._last_id(bars_key(shard))
        self.bar_index[shard] = last_bar[1] + 1 if last_bar else 1
        written = await self._bars_written(shard)
        low = b"(%d-0" % position
        while entries := await self._client.xrange(ticks_key(shard), low, count=ENTRIES_PER_READ):
            for entry_id, fields in entries:
                ticks = np.frombuffer(fields[b"d"], TICK)
                last = _split(entry_id)[0]
                for bar in states.fold(ticks, last - len(ticks) + 1):
                    if _bar_key(bar) not in written:
                        await self._put_bar(shard, last, bar)
            low = b"(" + entries[-1][0]

    async def _bars_written(self, shard: int) -> set[tuple[int, ...]]:
        entries = await self._client.xrevrange(bars_key(shard), count=BARS_LOOKED_BACK)
        return {_bar_key(bar) for _, fields in entries for bar in np.frombuffer(fields[b"d"], BAR)}

    async def _put_bar(self, shard: int, n: int, bar: np.void) -> None:
        """Write a bar that its ingest had closed but not written when it ended."""
        newest = await self._last_id(bars_key(shard)) or (0, 0)
        entry_id = b"%d-%d" % max((n, self.bar_index[shard]), (newest[0], newest[1] + 1))
        await self._client.xadd(bars_key(shard), {"d": bar.tobytes()}, id=entry_id)
        self.bar_index[shard] += 1


def _bar_key(bar: np.void) -> tuple[int, ...]:
    fields = ("feed", "instrument_id", "interval_s", "start", "n")
    return tuple(int(bar[field]) for field in fields)


def _split(entry_id: bytes) -> tuple[int, int]:
    major, _, minor = entry_id.partition(b"-")
    return int(major), int(minor)
