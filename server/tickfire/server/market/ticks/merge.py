"""Merged lanes: of each instrument at most so many ticks a second, for clients that want fewer.

A merged trade is the last one since the one before it, with the sizes of all of them added up; of
bids, asks and clears the last counts. Nothing is merged across a write: what a lane has not given
yet begins where its last write ended, so a subscriber's place is as well defined as in any lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.views import SERIALIZERS, BinaryLane, Lane
from tickfire.store.schema import TICK_TRADE

MAX_SIZE: Final = 0xFFFF_FFFF
"""What the size of a tick can hold; a sum beyond it stays there."""
_BOOK: Final = ("bid", "ask", "bid_size", "ask_size")

type Mask = NDArray[np.uint8]


class MergedLane:
    """A lane that gives what another would, at most ``max_hz`` times a second.

    Parameters
    ----------
    inner : Lane
        What encodes the merged ticks.
    max_hz : float
        Greater than 0.
    """

    def __init__(self, inner: Lane, max_hz: float) -> None:
        self.inner = inner
        self.topic, self.serializer = inner.topic, inner.serializer
        self.name = f"{inner.name}/@{max_hz:g}"
        self.interval_s = 1 / max_hz

    def wanted(self, data: DataSet) -> Mask | None:
        """Return uint8[slots], or None for all; see Lane."""
        return self.inner.wanted(data)

    def encode(
        self, data: DataSet, shard: int, ticks: Ticks, positions: list[int], *, live: bool
    ) -> tuple[bytes, int]:
        """Merge and encode one entry by itself, for a subscriber that catches up; see Lane."""
        fold = _Fold()
        fold.take(ticks, self.wanted(data))
        return fold.encode(self.inner, data, shard, ticks.first, ticks.count, positions)

    def quote(self, data: DataSet) -> dict[str, Any] | None:
        """Return the top of book; see Lane."""
        return self.inner.quote(data)


class _Fold:
    """The ticks of one shard, merged: of each slot and kind the last."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], tuple[int, NDArray[np.void]]] = {}

    def take(self, ticks: Ticks, wanted: Mask | None) -> None:
        """Merge ticks into what is there."""
        rows = ticks.ticks
        slots = ticks.slots[: ticks.count]
        chosen = range(ticks.count) if wanted is None else np.flatnonzero(wanted[slots]).tolist()
        kinds, sizes = rows["kind"].tolist(), rows["size"].tolist()
        names = slots.tolist()
        last: dict[tuple[int, int], int] = {}
        volumes: dict[tuple[int, int], int] = {}
        for index in chosen:
            key = names[index], kinds[index]
            last[key] = index
            if kinds[index] == TICK_TRADE:
                volumes[key] = volumes.get(key, 0) + sizes[index]
        for key, index in last.items():
            row = rows[index : index + 1].copy()
            if key in volumes:
                before = self._rows.get(key)
                volume = volumes[key] + (0 if before is None else int(before[1]["size"][0]))
                row["size"] = min(volume, MAX_SIZE)
            self._rows[key] = ticks.first + index, row

    def encode(
        self, lane: Lane, data: DataSet, shard: int, first: int, span: int, positions: list[int]
    ) -> tuple[bytes, int]:
        """Encode what was merged of positions ``[first, first + span)``, in order."""
        merged = sorted((at, slot, row) for (slot, _), (at, row) in self._rows.items())
        if not merged:
            return b"", 0
        if isinstance(lane, BinaryLane):
            rows = np.concatenate([row for _, _, row in merged])
            return lane.pack(data, shard, first, span, rows)
        written = [
            lane.encode(data, shard, _one(row, slot, at), positions, live=False)
            for at, slot, row in merged
        ]
        return b"".join(frames for frames, _ in written), sum(count for _, count in written)


def _one(row: NDArray[np.void], slot: int, position: int) -> Ticks:
    return Ticks(row, np.array([slot], np.int64), position, slot + 1)


class _Pending:
    """What one merged lane has not given yet."""

    def __init__(self, positions: list[int], timer: asyncio.TimerHandle) -> None:
        self.before = tuple(positions)
        self.timer = timer
        self.folds: dict[int, _Fold] = {}


class Merges:
    """The merged lanes of one data set, each with its timer.

    Parameters
    ----------
    data : DataSet
    write : callable
        Called with a lane, its frames and how many, and the positions that its subscribers had
        before.
    """

    def __init__(
        self,
        data: DataSet,
        write: Callable[[MergedLane, bytes, int, tuple[int, ...]], None],
    ) -> None:
        self._data = data
        self._write = write
        self._pending: dict[MergedLane, _Pending] = {}
        self._given: dict[MergedLane, float] = {}
        self._books: dict[MergedLane, Any] = {}

    def take(self, lane: MergedLane, shard: int, ticks: Ticks) -> None:
        """Merge the ticks of one entry, before the data set counts them."""
        pending = self._pending.get(lane)
        if pending is None:
            loop = asyncio.get_running_loop()
            due = max(loop.time(), self._given.get(lane, 0.0) + lane.interval_s)
            timer = loop.call_at(due, self.settle, lane)
            pending = self._pending[lane] = _Pending(self._data.positions, timer)
        pending.folds.setdefault(shard, _Fold()).take(ticks, lane.wanted(self._data))

    def settle(self, lane: MergedLane) -> None:
        """Give what a lane has pending now: all of its subscribers stand where the data does."""
        pending = self._pending.pop(lane, None)
        if pending is None:
            return
        pending.timer.cancel()
        self._given[lane] = asyncio.get_running_loop().time()
        data = self._data
        frames, count = b"", 0
        reached = list(pending.before)
        for shard, fold in sorted(pending.folds.items()):
            first, span = reached[shard] + 1, data.positions[shard] - reached[shard]
            reached[shard] = data.positions[shard]
            some, number = fold.encode(lane.inner, data, shard, first, span, reached)
            frames, count = frames + some, count + number
        quote = lane.quote(data)
        states = quote and tuple(quote[side] for side in _BOOK)
        if quote is not None and states != self._books.get(lane):
            self._books[lane] = states
            frames += SERIALIZERS[lane.serializer].encode_broadcast(lane.topic, "quote", quote)
            count += 1
        if frames:
            self._write(lane, frames, count, pending.before)

    def forget(self, lane: MergedLane) -> None:
        """Drop what is known of a lane without subscribers."""
        pending = self._pending.pop(lane, None)
        if pending is not None:
            pending.timer.cancel()
        self._given.pop(lane, None)
        self._books.pop(lane, None)

    def close(self) -> None:
        """Stop the timers."""
        for pending in self._pending.values():
            pending.timer.cancel()
        self._pending.clear()
