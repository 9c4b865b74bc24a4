"""`EpochWriter`: begin or continue an epoch in Redis.

`EpochWriter.open` continues the epoch of the last ingest, or begins a new one if any part of the
old one is gone. It is off the hot path and uses the redis-py client.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import msgspec
import numpy as np

from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.entries import BadEntry, Entry, all_bars_of, id_parts, ticks_of
from tickfire.store.epoch import instruments_of, read_hash
from tickfire.store.limits import MAX_STATUS
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
    META_KEY,
    SNAPSHOT_POSITION_FIELD,
    STATE,
    STATUS_KEY,
    Instrument,
    Status,
    bars_key,
    instrument_field,
    new_epoch,
    snapshots_key,
    ticks_key,
)
from tickfire.store.store import Store

logger = logging.getLogger(__name__)

ENTRIES_PER_READ: Final = 512
BARS_LOOKED_BACK: Final = 256
"""Number of newest bar entries searched for bars that rolling forward closes a second time."""


class EpochWriter:
    """The epoch that ingest writes.

    Parameters
    ----------
    store : Store
    shards : int

    Attributes
    ----------
    epoch : bytes
        The key of the epoch; empty before `open`.
    bar_index : list of int
        For each shard, the index of its next bar entry.
    """

    def __init__(self, store: Store, shards: int) -> None:
        self._client: Any = store.client
        self.shards = shards
        self.epoch = b""
        self._origin = ""
        self.bar_index = [1] * shards  # from 1, since 0-0 is not a valid id

    async def open(self, states: InstrumentStates) -> list[Instrument]:
        """Continue or begin an epoch, restore `states` from it and return its instruments."""
        meta = await read_hash(self._client, META_KEY)
        ends = [await self._last_position(shard) for shard in range(self.shards)]
        same = meta.get(b"shards") == b"%d" % self.shards
        if not meta.get(b"epoch") or not same or None in ends:
            await self.begin_epoch()
            return []
        self.epoch = meta[b"epoch"]
        for shard, end in enumerate(ends):
            assert end is not None
            states.positions[shard] = end
            await self._restore(states, shard)
        logger.info(
            "continuing epoch %s at positions %s", self.epoch.hex(), states.positions.tolist()
        )
        return instruments_of(await self._client.hvals(INSTRUMENTS_KEY))

    async def begin_epoch(self) -> None:
        """Remove the streams and hashes of the old epoch and begin a new one."""
        for shard in range(self.shards):
            for key in (ticks_key(shard), bars_key(shard), snapshots_key(shard)):
                await self._client.delete(key)
        await self._client.delete(INSTRUMENTS_KEY)
        self.epoch = new_epoch()
        fields: dict[str, Any] = {"epoch": self.epoch, "shards": self.shards}
        if self._origin:
            fields["origin"] = self._origin
        await self._client.hset(META_KEY, mapping=fields)
        logger.info("beginning epoch %s", self.epoch.hex())

    async def is_current(self) -> bool:
        """Return whether Redis still holds this epoch."""
        return bool(await self._client.hget(META_KEY, "epoch") == self.epoch)

    async def put_instruments(self, instruments: list[Instrument]) -> None:
        """Write instruments to the hash ``instruments`` and announce them in ``status``."""
        if not instruments:
            return
        rows = {
            instrument_field(row.feed, row.instrument_id): msgspec.msgpack.encode(row)
            for row in instruments
        }
        await self._client.hset(INSTRUMENTS_KEY, mapping=rows)
        await self.put_status("instrument", ", ".join(row.symbol for row in instruments[:8]))

    async def put_origin(self, origin: str) -> None:
        """Write the origin of the ticks to the hash ``meta``."""
        self._origin = origin
        await self._client.hset(META_KEY, "origin", origin)

    async def put_status(self, kind: str, detail: str = "") -> None:
        """Add an entry to the stream ``status``; see `Status` for the kinds."""
        status = msgspec.msgpack.encode(Status(kind, time.time_ns(), detail))
        await self._client.xadd(STATUS_KEY, {"d": status}, maxlen=MAX_STATUS, approximate=True)

    # --- restoring
    async def _last_position(self, shard: int) -> int | None:
        """Return the position of the last tick of a shard, or None if its ticks are gone.

        A shard that never had a tick, such as one of a feed's own bars, has no stream of ticks.
        """
        last_tick = await self._last_id(ticks_key(shard))
        if last_tick:
            return last_tick[0]
        last_bar = await self._last_id(bars_key(shard)) or (0, 0)
        included = await self._client.hget(snapshots_key(shard), SNAPSHOT_POSITION_FIELD)
        return 0 if max(last_bar[0], int(included or 0)) == 0 else None

    async def _last_id(self, key: bytes) -> tuple[int, int] | None:
        newest = await self._client.xrevrange(key, count=1)
        return id_parts(newest[0][0]) if newest else None

    async def _restore(self, states: InstrumentStates, shard: int) -> None:
        """Load the snapshots of a shard and fold the later ticks into them."""
        snapshots = await read_hash(self._client, snapshots_key(shard))
        position = int(snapshots.pop(SNAPSHOT_POSITION_FIELD, b"0"))
        rows = [np.frombuffer(row, STATE)[0] for row in snapshots.values()]
        states.load(np.array(rows, STATE))
        last_bar = await self._last_id(bars_key(shard))
        self.bar_index[shard] = last_bar[1] + 1 if last_bar else 1
        written = await self._bars_written(shard)
        low = b"(%d-0" % position
        while entries := await self._client.xrange(ticks_key(shard), low, count=ENTRIES_PER_READ):
            for entry in entries:
                await self._roll_forward(states, shard, entry, written)
            low = b"(" + entries[-1][0]

    async def _roll_forward(
        self, states: InstrumentStates, shard: int, entry: Entry, written: set[tuple[int, ...]]
    ) -> None:
        try:
            ticks = ticks_of(entry)
        except BadEntry as error:
            logger.warning("skipping an entry of %s: %s", ticks_key(shard).decode(), error)
            return
        for bar in states.fold(ticks.ticks, ticks.first):
            if _bar_key(bar) not in written:
                await self._put_bar(shard, ticks.last, bar)

    async def _bars_written(self, shard: int) -> set[tuple[int, ...]]:
        entries = await self._client.xrevrange(bars_key(shard), count=BARS_LOOKED_BACK)
        return {_bar_key(bar) for bar in all_bars_of(entries)}

    async def _put_bar(self, shard: int, position: int, bar: np.void) -> None:
        """Write a bar that the last ingest had not written when it ended."""
        newest = await self._last_id(bars_key(shard)) or (0, 0)
        entry_id = b"%d-%d" % max((position, self.bar_index[shard]), (newest[0], newest[1] + 1))
        await self._client.xadd(bars_key(shard), {"d": bar.tobytes()}, id=entry_id)
        self.bar_index[shard] += 1


def _bar_key(bar: np.void) -> tuple[int, ...]:
    fields = ("feed", "instrument_id", "interval_s", "start", "n")
    return tuple(int(bar[field]) for field in fields)
