"""`TickSubscription`: one client on one market topic, either live or catching up.

A live subscription is in its view's lane of the hub. One that catches up has its own position and
reads the stream from there, at the pace of its connection. When its position meets the worker's, it
goes live in the same step of the event loop, so that no tick is lost or sent twice. Clients that
joined with ``since`` and clients that were too slow catch up in the same way.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, Protocol

from tickfire.base.retry import Backoff
from tickfire.phoenix import Socket
from tickfire.server.market.ticks.fanout import Fanout
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import REALTIME, View
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable

logger = logging.getLogger(__name__)

HIGH_WATER: Final = 128 << 10
"""Bytes waiting for a client beyond which reading pauses; one entry more is at most 60 KB."""
FIRST_BATCH: Final = 32
"""Entries in the first read from Redis; later reads are smaller or larger, within the limits."""
LEAST_BATCH: Final = 8
MOST_BATCH: Final = 512


class BadSince(ValueError):
    """The given ``since`` is not an id of the topic."""


class TickSource(Protocol):
    """The live epoch, as subscriptions see it."""

    @property
    def data(self) -> TickData:
        """State of the epoch."""

    @property
    def fanout(self) -> Fanout:
        """Writer of the live ticks."""

    @property
    def metrics(self) -> Metrics:
        """Metrics of the worker."""

    def recent(self, shard: int, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""

    def history(self, shard: int) -> History:
        """Return the reader of a shard's history."""

    async def moved(self) -> None:
        """Wait until more ticks are published."""

    async def learn(self) -> None:
        """Read the table of instruments again."""

    def listen(self, symbol: str) -> None:
        """Count a subscriber of the topics of one instrument."""

    def unlisten(self, symbol: str) -> None:
        """Undo `listen`."""


class TickSubscription:
    """The position of one client in one topic.

    Parameters
    ----------
    source : TickSource
        The live epoch.
    socket : Socket
    view : View
        The view that the client gets, shared with all who get the same.
    shards : tuple of int
        The shards from which the topic takes ticks.
    """

    def __init__(
        self, source: TickSource, socket: Socket, view: View, shards: tuple[int, ...]
    ) -> None:
        self.source = source
        self.socket = socket
        self.view = view
        self.shards = shards
        self._reached: dict[int, int] = {}
        """The client's position in each shard while it catches up, empty while it is live."""
        self._task: asyncio.Task[None] | None = None
        self._table = source.data, source.data.instruments.version
        self._batch = FIRST_BATCH
        socket.outlet.on_overflow = self._overflowed

    def close(self) -> None:
        """End the subscription."""
        self.socket.outlet.on_overflow = None
        self.pause()

    def pause(self) -> None:
        """Stop reading the history of this epoch."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.source.metrics.catching_up.dec()

    # --- joining
    async def start(self, since: WireId | None) -> dict[str, Any]:
        """Begin live, or after `since`.

        Returns
        -------
        dict
            The part of the join reply that says whether the client was recovered; empty without
            `since`.

        Raises
        ------
        BadSince
            The id is of another topic.
        RedisUnavailable
            The history cannot be read now.
        """
        if since is None:
            self._go_live()
            return {}
        self.socket.outlet.lane = None
        if since.epoch != self.source.data.epoch:
            self._go_live()
            return _missed(since, self.source.data.newest_id(self.shards))
        if len(since.positions) != len(self.shards):
            raise BadSince("since is an id of another topic")
        lost = await self._seek(dict(zip(self.shards, since.positions, strict=True)))
        reached = self._reached_id()
        if self._is_level():
            self._go_live()
        else:
            self._catch_up("since")
        return _missed(since, reached) if lost else {"recovered": True}

    async def _seek(self, wanted: dict[int, int]) -> bool:
        """Go to positions, or to the next available ones; return whether ticks are lost."""
        first = {
            shard: await self._first_after(shard, position) for shard, position in wanted.items()
        }
        for shard, position in wanted.items():
            if first[shard] > position:
                self._reached[shard] = first[shard] - 1
            else:  # the stream ends before: such a tick never existed
                self._reached[shard] = self.source.data.positions[shard]
        return any(first[shard] != position + 1 for shard, position in wanted.items())

    async def _first_after(self, shard: int, position: int) -> int:
        """Return the first available position after one, which may be yet to come.

        Return 0 if the given position is beyond the end of the stream.
        """
        positions = self.source.data.positions
        if position == positions[shard]:
            return position + 1
        if position > positions[shard]:  # another worker is ahead of this one, or it never existed
            newest = await self.source.history(shard).newest()
            return position + 1 if position <= newest else 0
        entries = self.source.recent(shard, position)
        if entries is None:
            entries, _ = await self.source.history(shard).ticks_after(position, 1)
        return entries[0].first if entries else positions[shard] + 1

    def _reached_id(self) -> WireId:
        return WireId(self.source.data.epoch, tuple(self._reached.values()))

    # --- live
    def _go_live(self) -> None:
        self._reached = {}
        self.source.fanout.settle(self.view)
        self.socket.outlet.lane = self.view.name

    def _overflowed(self, missed: int) -> None:
        before = self.source.fanout.positions_before(self.view, missed)
        self.socket.outlet.lane = None
        self._reached = {shard: before[shard] for shard in self.shards}
        self._catch_up("slow")

    def move(self, source: TickSource, shards: tuple[int, ...]) -> None:
        """Go live in a new epoch, after a ``gap`` for the unsent ticks of the old one."""
        self.pause()
        old = self.source.data
        reached = [self._reached.get(shard, old.positions[shard]) for shard in self.shards]
        begin = WireId(old.epoch, tuple(reached))
        self.source, self.shards = source, shards
        self._push_gap(begin, source.data.newest_id(shards))
        self._send_state()
        self._go_live()

    # --- catching up
    def _catch_up(self, why: str) -> None:
        self.source.metrics.catch_ups.labels(why).inc()
        self.source.metrics.catching_up.inc()
        self._batch = FIRST_BATCH
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._read_on()
        except Exception:
            logger.exception(
                "a subscriber of %s cannot catch up; its connection is closed", self.view.topic
            )
            self.socket.abort()

    async def _read_on(self) -> None:
        backoff = Backoff()
        while not self._is_level():
            if self.socket.outlet.buffered > HIGH_WATER:
                await self._drained()
                continue
            positions = self.source.data.positions
            behind = [shard for shard in self.shards if self._reached[shard] < positions[shard]]
            if not behind:  # the client is ahead of this worker
                await self.source.moved()
                continue
            try:
                for shard in behind:
                    await self._step(shard)
                backoff.reset()
            except RedisUnavailable:
                await backoff.pause()
        self._task = None
        self.source.metrics.catching_up.dec()
        self._send_state()
        self._go_live()

    async def _drained(self) -> None:
        drained = asyncio.Event()
        self.socket.outlet.on_writable(drained.set)
        await drained.wait()

    def _is_level(self) -> bool:
        positions = self.source.data.positions
        return all(self._reached[shard] == positions[shard] for shard in self.shards)

    async def _step(self, shard: int) -> None:
        """Send the next entries of one shard, up to the position that the worker has published."""
        reached = self._reached[shard]
        entries = self.source.recent(shard, reached)
        if entries is None:
            entries, _ = await self.source.history(shard).ticks_after(reached, self._batch)
        end = self.source.data.positions[shard]
        entries = [entry.until(end) for entry in entries if entry.first <= end]
        if not entries:
            self._skip_to(shard, end)
        for sent, entry in enumerate(entries):
            if entry.first > self._reached[shard] + 1:
                self._skip_to(shard, entry.first - 1)
            await self._send(shard, entry)
            if self.socket.outlet.buffered > HIGH_WATER:
                self._batch = max(LEAST_BATCH, sent)
                return
        self._batch = min(MOST_BATCH, 2 * self._batch)

    async def _send(self, shard: int, entry: TickEntry) -> None:
        data = self.source.data
        ticks = data.slots.of(entry)
        if not data.instruments.complete:
            await self.source.learn()
            ticks = data.slots.of(entry)
        positions = list(data.positions)
        for known, position in self._reached.items():
            positions[known] = position
        frames, _ = self.view.encode(data, shard, ticks, positions, live=False)
        if frames:
            self.socket.outlet.write(frames)
        self._reached[shard] = entry.last

    def _skip_to(self, shard: int, position: int) -> None:
        """Go on after a position, and tell the client of the gap before it."""
        begin = self._reached_id()
        self._reached[shard] = position
        self._push_gap(begin, self._reached_id())

    def _push_gap(self, begin: WireId, end: WireId) -> None:
        self.socket.push("gap", {"from": str(begin), "to": str(end)})

    def _send_state(self) -> None:
        """Send the quote and the table, which are state rather than history, as they are now."""
        data = self.source.data
        quote = self.view.quote(data)
        if quote is not None:
            self.socket.push("quote", quote)
        table = data, data.instruments.version
        if self.view.topic == REALTIME and self._table != table:
            self.socket.push("instruments", {"instruments": data.instruments.as_json()})
        self._table = table


def _missed(since: WireId, reached: WireId) -> dict[str, Any]:
    return {"recovered": False, "missed": {"from": str(since), "to": str(reached)}}
