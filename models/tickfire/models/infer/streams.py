"""The ticks and bars of one epoch given to models, and of their signals to stream ``signals``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.models.infer.counters import Counters
from tickfire.models.infer.identity import identified
from tickfire.models.infer.outlet import Outlet, SignalWriter
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Sentiment, Signal
from tickfire.store.entries import (
    NO_ID,
    BadEntry,
    Entry,
    TickEntry,
    bars_of,
    id_parts,
    is_after,
    ticks_of,
)
from tickfire.store.epoch import Epoch
from tickfire.store.requests import newest_id
from tickfire.store.schema import Rows, Stream, bars_key, ticks_key
from tickfire.store.tail import Tail

WARM_TICKS: Final = 200_000
"""Number of ticks before the position that models are given again after a restart."""

TURN_S: Final = 0.005
"""Time after which a long run of entries yields to the other tasks, such as headlines."""

OLD_S: Final = 60.0
"""Age at which an entry is one that models are given again, in seconds."""

POSITION_S: Final = 5.0
"""Interval at which the position is written without signals, to keep a restart short."""

logger = logging.getLogger(__name__)

type Learn = Callable[[int, set[int]], Awaitable[None]]
type Unpack = Callable[[Entry], TickEntry | Rows]


class Streams:
    """Follower of all streams of an epoch.

    Parameters
    ----------
    writer : SignalWriter
        It has the streams' Redis.
    epoch : Epoch
    models : sequence of StreamModel
    learn : callable
        Awaited with the number of the feed, and with ids of instruments, before the first ticks or
        bars with these ids are given to models; it is to see to it that the instruments are known.
    counters : Counters
    """

    def __init__(
        self,
        writer: SignalWriter,
        epoch: Epoch,
        models: Sequence[StreamModel],
        learn: Learn,
        counters: Counters,
    ) -> None:
        self._store = writer.store
        self._epoch = epoch
        self._models = models
        self._of_ticks = [model for model in models if model.wants_ticks]
        self._of_bars = [model for model in models if model.wants_bars]
        self._learn = learn
        self._learned: set[int] = set()
        self._counters = counters
        self._outlet = Outlet(writer, epoch)
        self._read: dict[Stream, int] = {}
        self._failed: set[str] = set()
        self._saw_bad = False

    @property
    def position(self) -> int:
        """The sum of the positions that were read, over the streams."""
        return sum(self._read.values())

    async def run(self) -> None:
        """Follow the streams until cancelled."""
        await self._outlet.forget_others()
        async with asyncio.TaskGroup() as tasks:
            for stream in self._epoch.streams():
                if self._of_ticks:
                    tasks.create_task(self._follow(stream, ticks_key(stream), ticks_of))
                if self._of_bars:
                    tasks.create_task(self._follow(stream, bars_key(stream), bars_of))

    async def _follow(self, stream: Stream, key: bytes, unpack: Unpack) -> None:
        position = await self._begin_at(key)
        due = time.monotonic() + POSITION_S

        async def on_entries(key: bytes, entries: list[Entry], read_ns: int) -> None:
            nonlocal position, due
            found = await self._handled(stream, key, entries, unpack, position)
            last, now = entries[-1][0], time.monotonic()
            if found or (now >= due and is_after(last, position)):
                await self._outlet.publish(key, last, found)
                position = last
                due = now + POSITION_S

        begin = _warm_id(position) if unpack is ticks_of else NO_ID
        await Tail(self._store, {key: begin}, on_entries, raises=True).run()

    async def _begin_at(self, key: bytes) -> bytes:
        """Return the id after which signals of a stream are published."""
        position = await self._outlet.position(key)
        if position is None:
            # Nothing was ever published: entries that exist already are history, not news.
            position = await newest_id(self._store, key)
            await self._outlet.publish(key, position)
        return position

    async def _handled(
        self, stream: Stream, key: bytes, entries: list[Entry], unpack: Unpack, position: bytes
    ) -> list[Signal]:
        found: list[Signal] = []
        began = time.perf_counter()
        for entry in entries:
            if time.perf_counter() - began > TURN_S:
                await asyncio.sleep(0)
                began = time.perf_counter()
            try:
                new = is_after(entry[0], position)
                packed = unpack(entry)
            except BadEntry as error:
                self._skip(entry, error)
                continue
            rows = packed.ticks if isinstance(packed, TickEntry) else packed
            if unknown := set(rows["instrument_id"].tolist()) - self._learned:
                await self._learn(stream.feed, unknown)
                self._learned |= unknown
            if isinstance(packed, TickEntry):
                signals = self._on_ticks(stream, packed)
            else:
                signals = self._on_bars(stream, packed)
            if new and signals:
                found += identified(signals, self._epoch.key, key, entry[0])
        return found

    def _on_ticks(self, stream: Stream, packed: TickEntry) -> list[Signal]:
        first, ticks = packed.first, packed.ticks
        self._measure(packed.written)
        self._counters.ticks.inc(len(ticks))
        self._read[stream] = packed.last
        shard = stream.shard
        return self._signals_of(self._of_ticks, lambda model: model.on_ticks(shard, first, ticks))

    def _measure(self, written: int) -> None:
        """Measure the time that an entry took, unless it is of the past."""
        took_s = (time.time_ns() - written) / NS_PER_S
        if took_s < OLD_S:
            self._counters.read.observe(max(0.0, took_s))

    def _on_bars(self, stream: Stream, bars: Rows) -> list[Signal]:
        self._counters.bars.inc(len(bars))
        return self._signals_of(self._of_bars, lambda model: model.on_bars(stream.shard, bars))

    def _signals_of(
        self, models: Sequence[StreamModel], ask: Callable[[StreamModel], Sequence[Signal]]
    ) -> list[Signal]:
        found: list[Signal] = []
        for model in models:
            try:
                signals = ask(model)
            except Exception:
                self._failure(model)
                continue
            for signal in signals:
                self.tell(signal, model)
            found += signals
        return found

    def tell(self, record: Sentiment | Signal, source: StreamModel | None = None) -> None:
        """Pass a record to all models but the one that it came from."""
        for model in self._models:
            if model is not source:
                try:
                    model.hear(record)
                except Exception:
                    self._failure(model)

    def _failure(self, model: StreamModel) -> None:
        """Count a failure of a model, which must not stop the others."""
        self._counters.failures.labels(model.name).inc()
        if model.name not in self._failed:
            self._failed.add(model.name)
            logger.exception("%s failed on an entry; further failures are only counted", model.name)

    def _skip(self, entry: Entry, error: BadEntry) -> None:
        self._counters.bad_entries.inc()
        if not self._saw_bad:
            self._saw_bad = True
            logger.warning("skipping a malformed stream entry: %r (%s)", entry[0], error)


def _warm_id(position: bytes) -> bytes:
    """Return the id to read ticks after, so that models recover their state."""
    last, _ = id_parts(position)
    return b"%d-0" % max(0, last - WARM_TICKS)
