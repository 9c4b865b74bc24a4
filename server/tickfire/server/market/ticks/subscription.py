"""`Subscription`: one client on one market topic, live or catching up, and nothing between.

Live, it is in the hub's lane. Catching up, it has a position of its own and reads the stream from
there, at the pace at which its connection takes it; where that position meets the worker's, it goes
live in the same step of the loop, so that nothing is left out and nothing comes twice. Joining
with ``since`` and being too slow are one thing: both catch up.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from tickfire.base.retry import Backoff
from tickfire.phoenix import Socket
from tickfire.server.market.ticks.positions import Place
from tickfire.server.market.ticks.views import REALTIME, Lane
from tickfire.store.entries import TickEntry
from tickfire.store.requests import RedisUnavailable

if TYPE_CHECKING:
    from tickfire.server.market.epoch.live import Live

logger = logging.getLogger(__name__)

HIGH_WATER: Final = 128 << 10
"""Bytes that may wait for a client that catches up; one entry more, at most 60 KB, is written."""
FIRST_BATCH: Final = 32
LEAST_BATCH: Final = 8
MOST_BATCH: Final = 512


class BadSince(ValueError):
    """``since`` is not an id of this topic."""


class Subscription:
    """One client's place in the stream of one topic.

    Parameters
    ----------
    live : Live
        The data set.
    socket : Socket
    lane : Lane
        What it gets; shared with all who get the same.
    shards : tuple of int
        Those the topic draws on.
    """

    def __init__(self, live: Live, socket: Socket, lane: Lane, shards: tuple[int, ...]) -> None:
        self.live = live
        self.socket = socket
        self.lane = lane
        self.shards = shards
        self._at: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._table = live.data, live.data.instruments.version
        self._batch = FIRST_BATCH
        socket.outlet.on_overflow = self._overflowed

    def close(self) -> None:
        """Stop reading."""
        self.socket.outlet.on_overflow = None
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.live.metrics.catching_up.dec()

    # --- joining
    async def start(self, since: Place | None) -> dict[str, Any]:
        """Begin live, or behind `since`; return the part of the join reply that says so.

        Raises
        ------
        BadSince
            It is of another topic.
        RedisUnavailable
            The history cannot be read now.
        """
        if since is None:
            self._go_live()
            return {}
        self.socket.outlet.lane = None
        if since.epoch != self.live.data.epoch:
            self._go_live()
            return self._missed(since, self._newest())
        if len(since.positions) != len(self.shards):
            raise BadSince("since is an id of another topic")
        at = dict(zip(self.shards, since.positions, strict=True))
        found = {shard: await self._first_after(shard, n) for shard, n in at.items()}
        self._at = {shard: max(n, found[shard] - 1) for shard, n in at.items()}
        lost = any(found[shard] != n + 1 for shard, n in at.items())
        for shard, n in at.items():
            if found[shard] <= n:  # ahead of all there is: an id that never was
                self._at[shard] = self.live.data.positions[shard]
        reached = Place(since.epoch, tuple(self._at.values()))
        if self._is_level():
            self._go_live()
        else:
            self._catch_up("since")
        return self._missed(since, reached) if lost else {"recovered": True}

    async def _first_after(self, shard: int, n: int) -> int:
        """Return the first position after `n` that can be had, n + 1 if there is none yet."""
        positions = self.live.data.positions
        if n == positions[shard]:
            return n + 1
        if n > positions[shard]:  # another worker was faster, or it never was
            return n + 1 if n <= await self.live.history(shard).newest() else 0
        entries = self.live.recent(shard, n)
        if entries is None:
            entries, _ = await self.live.history(shard).ticks_after(n, 1)
        return entries[0].first if entries else positions[shard] + 1

    def _missed(self, since: Place, to: Place) -> dict[str, Any]:
        return {"recovered": False, "missed": {"from": str(since), "to": str(to)}}

    def _newest(self) -> Place:
        data = self.live.data
        return Place(data.epoch, tuple(data.positions[shard] for shard in self.shards))

    # --- live
    def _go_live(self) -> None:
        self._at = {}
        self.live.fanout.settle(self.lane)
        self.socket.outlet.lane = self.lane.name

    def _overflowed(self, missed: int) -> None:
        before = self.live.fanout.positions_before(self.lane, missed)
        self.socket.outlet.lane = None
        self._at = {shard: before[shard] for shard in self.shards}
        self._catch_up("slow")

    def pause(self) -> None:
        """Read nothing more of this data set."""
        self._stop()

    def move(self, live: Live, shards: tuple[int, ...]) -> None:
        """Go live in a new data set; what of the old was not given yet is gone, and said so."""
        self._stop()
        old = self.live.data
        at = [self._at.get(shard, old.positions[shard]) for shard in self.shards]
        begin = str(Place(old.epoch, tuple(at)))
        self.live, self.shards = live, shards
        self.socket.push("gap", {"from": begin, "to": str(self._newest())})
        self._give_state()
        self._go_live()

    # --- catching up
    def _catch_up(self, why: str) -> None:
        self.live.metrics.catch_ups.labels(why).inc()
        self.live.metrics.catching_up.inc()
        self._batch = FIRST_BATCH
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._read_on()
        except Exception:
            logger.exception("a subscriber of %s cannot catch up; it is cut", self.lane.topic)
            self.socket.abort()

    async def _read_on(self) -> None:
        backoff = Backoff()
        while not self._is_level():
            if self.socket.outlet.buffered > HIGH_WATER:
                await self._drained()
                continue
            behind = [s for s in self.shards if self._at[s] < self.live.data.positions[s]]
            if not behind:  # ahead of this worker
                await self.live.moved()
                continue
            try:
                for shard in behind:
                    await self._step(shard)
                backoff.reset()
            except RedisUnavailable:
                await backoff.pause()
        self._task = None
        self.live.metrics.catching_up.dec()
        self._give_state()
        self._go_live()

    async def _drained(self) -> None:
        drained = asyncio.Event()
        self.socket.outlet.on_writable(drained.set)
        await drained.wait()

    def _is_level(self) -> bool:
        positions = self.live.data.positions
        return all(self._at[shard] == positions[shard] for shard in self.shards)

    async def _step(self, shard: int) -> None:
        """Give what follows in one shard, up to what the worker has published."""
        entries = self.live.recent(shard, self._at[shard])
        if entries is None:
            entries, _ = await self.live.history(shard).ticks_after(self._at[shard], self._batch)
        end = self.live.data.positions[shard]
        entries = [entry.until(end) for entry in entries if entry.first <= end]
        if not entries:
            self._gap(shard, end)
        for given, entry in enumerate(entries):
            if entry.first > self._at[shard] + 1:
                self._gap(shard, entry.first - 1)
            await self._give(shard, entry)
            if self.socket.outlet.buffered > HIGH_WATER:
                self._batch = max(LEAST_BATCH, given)
                return
        self._batch = min(MOST_BATCH, 2 * self._batch)

    async def _give(self, shard: int, entry: TickEntry) -> None:
        data = self.live.data
        ticks = data.slots.of(entry)
        if not data.instruments.complete:
            await self.live.learn()
            ticks = data.slots.of(entry)
        positions = list(data.positions)
        for known, n in self._at.items():
            positions[known] = n
        frames, _ = self.lane.encode(data, shard, ticks, positions, live=False)
        if frames:
            self.socket.outlet.write(frames)
        self._at[shard] = entry.last

    def _gap(self, shard: int, to: int) -> None:
        begin = str(Place(self.live.data.epoch, tuple(self._at.values())))
        self._at[shard] = to
        end = str(Place(self.live.data.epoch, tuple(self._at.values())))
        self.socket.push("gap", {"from": begin, "to": end})

    def _give_state(self) -> None:
        """Give what is state rather than history, as it is now."""
        data = self.live.data
        quote = self.lane.quote(data)
        if quote is not None:
            self.socket.push("quote", quote)
        table = data, data.instruments.version
        if self.lane.topic == REALTIME and self._table != table:
            self.socket.push("instruments", {"instruments": data.instruments.as_json()})
        self._table = table
