"""`Fanout`: from an entry to the frames of each lane that has subscribers, and no others.

Entries that were read together are written together, once for each lane. Each write is noted with
the positions before it, so that a subscriber whose write was withheld knows where to read on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from tickfire.phoenix import Hub
from tickfire.server.market.candles.feed import CandleFeed
from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.merge import MergedLane, Merges
from tickfire.server.market.ticks.slots_kernel import SAW_TRADE
from tickfire.server.market.ticks.views import REALTIME, SERIALIZERS, Lane, Lanes, topic_of
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry

REMEMBERED_WRITES: Final = 4096
"""Of one lane: more than can wait in the hub until the loop comes round."""


class Fanout:
    """Writes one data set's ticks to the hub."""

    def __init__(
        self, hub: Hub, lanes: Lanes, data: DataSet, candles: CandleFeed, metrics: Metrics
    ) -> None:
        self._hub = hub
        self._lanes = lanes
        self._data = data
        self._candles = candles
        self._metrics = metrics
        self._pending: dict[Lane, list[bytes]] = {}
        self._before: tuple[int, ...] = ()
        self._writes: dict[tuple[str, str], deque[tuple[int, ...]]] = {}
        self._merges = Merges(data, self._write_merged)

    def close(self) -> None:
        """Stop the timers of merged lanes."""
        self._merges.close()

    def take(self, shard: int, entry: TickEntry, ticks: Ticks) -> None:
        """Encode one entry for all who listen, then fold it into the book."""
        data = self._data
        if not self._before:
            self._before = tuple(data.positions)
        self._encode(REALTIME, shard, ticks)
        for slot, saw in data.slots.listeners(ticks):
            self._encode(topic_of(data.instruments.listings[slot].symbol), shard, ticks)
            if saw & SAW_TRADE:
                self._candles.traded(slot)
        data.positions[shard] = entry.last
        pieces = data.slots.fold(ticks)
        if len(pieces) or data.candles.has_idle:
            self._candles.changed(data.candles.take(pieces))
        self._metrics.ticks += ticks.count

    def _encode(self, topic: str, shard: int, ticks: Ticks) -> None:
        lanes = self._lanes.of(topic)
        for name in self._hub.lanes(topic) if lanes else ():
            lane = lanes.get(name)
            if lane is None:
                continue
            if isinstance(lane, MergedLane):
                self._merges.take(lane, shard, ticks)
                continue
            frames, count = lane.encode(self._data, shard, ticks, self._data.positions, live=True)
            if frames:
                self._pending.setdefault(lane, []).append(frames)
                self._metrics.frames += count
                self._metrics.bytes += len(frames)

    def flush(self) -> None:
        """Write what was encoded, then the candles that are due."""
        pending, self._pending = self._pending, {}
        for lane, frames in pending.items():
            self._write(lane, b"".join(frames))
        self._before = ()
        self._candles.flush()

    def announce(self, topic: str, event: str, payload: Mapping[str, Any]) -> None:
        """Broadcast an event that is not a tick, to all lanes of a market topic."""
        lanes = self._lanes.of(topic)
        for name in list(self._hub.lanes(topic)) if lanes else ():
            lane = lanes.get(name)
            if lane is not None:
                self.settle(lane)
                serializer = SERIALIZERS[lane.serializer]
                self._write(lane, serializer.encode_broadcast(topic, event, payload))

    def settle(self, lane: Lane) -> None:
        """Give what a merged lane holds back, before anything else is said in it."""
        if isinstance(lane, MergedLane):
            self._merges.settle(lane)

    def _write_merged(
        self, lane: MergedLane, frames: bytes, count: int, before: tuple[int, ...]
    ) -> None:
        self._metrics.frames += count
        self._metrics.bytes += len(frames)
        self._write(lane, frames, before)

    def _write(self, lane: Lane, frames: bytes, before: tuple[int, ...] = ()) -> None:
        log = self._writes.get((lane.topic, lane.name))
        if log is None:
            log = self._writes[lane.topic, lane.name] = deque(maxlen=REMEMBERED_WRITES)
        log.append(before or self._before or tuple(self._data.positions))
        self._hub.write(lane.topic, lane.name, frames)

    def positions_before(self, lane: Lane, writes: int) -> tuple[int, ...]:
        """Return the positions that a subscriber has who was not given the last so many writes."""
        log = self._writes.get((lane.topic, lane.name), ())
        if not log or writes <= 0:
            return tuple(self._data.positions)
        return log[max(0, len(log) - writes)]

    def forget(self, lane: Lane) -> None:
        """Drop the notes of a lane without subscribers."""
        self._writes.pop((lane.topic, lane.name), None)
        if isinstance(lane, MergedLane):
            self._merges.forget(lane)
