"""Ticks and bars of one epoch to models, and what they say to stream ``signals``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from tickfire.models.infer.counters import Counters
from tickfire.models.infer.outlet import Outlet
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Sentiment, Signal
from tickfire.store.entries import NO_ID, BadEntry, Entry, bars_of, id_parts, is_after, ticks_of
from tickfire.store.requests import newest_id
from tickfire.store.schema import bars_key, ticks_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

WARM_TICKS: Final = 200_000
"""Ticks before the position that models are shown again after a restart, in silence."""

TURN_S: Final = 0.005
"""Many entries may be waiting, as after a restart: after so long headlines get their turn."""

POSITION_S: Final = 5.0
"""So often the position is written where there is nothing to say, so that a restart is short."""

logger = logging.getLogger(__name__)

type Handle = Callable[[int, Entry], list[Signal]]


class Streams:
    """Follows every shard of an epoch.

    Parameters
    ----------
    store : Store
    epoch : bytes
    shards : int
    models : sequence of StreamModel
    counters : Counters
    """

    def __init__(
        self,
        store: Store,
        epoch: bytes,
        shards: int,
        models: Sequence[StreamModel],
        counters: Counters,
    ) -> None:
        self._store = store
        self._shards = shards
        self._models = models
        self._of_ticks = [model for model in models if model.wants_ticks]
        self._of_bars = [model for model in models if model.wants_bars]
        self._counters = counters
        self._outlet = Outlet(store, epoch, counters)
        self._failed: set[str] = set()
        self._saw_bad = False

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._outlet.forget_others()
        async with asyncio.TaskGroup() as tasks:
            for shard in range(self._shards):
                if self._of_ticks:
                    tasks.create_task(self._follow(shard, ticks_key(shard), self._on_ticks))
                if self._of_bars:
                    tasks.create_task(self._follow(shard, bars_key(shard), self._on_bars))

    async def _follow(self, shard: int, key: bytes, handle: Handle) -> None:
        position = await self._begin_at(key)
        due = time.monotonic() + POSITION_S

        async def on_entries(key: bytes, entries: list[Entry], read_ns: int) -> None:
            nonlocal position, due
            found = await self._handled(shard, entries, handle, position)
            last, now = entries[-1][0], time.monotonic()
            if found or (now >= due and is_after(last, position)):
                position = await self._outlet.publish(key, position, last, found)
                due = now + POSITION_S

        begin = _begin(position) if handle == self._on_ticks else NO_ID
        await Tail(self._store, {key: begin}, on_entries, raises=True).run()

    async def _begin_at(self, key: bytes) -> bytes:
        """Return the id after which signals of a stream are published."""
        position = await self._outlet.position(key)
        if position is None:
            # Nothing was ever published: the entries that are there are history, not news.
            position = await self._outlet.publish(key, b"", await newest_id(self._store, key), ())
        return position

    async def _handled(
        self, shard: int, entries: list[Entry], handle: Handle, position: bytes
    ) -> list[Signal]:
        found: list[Signal] = []
        began = time.perf_counter()
        for entry in entries:
            if time.perf_counter() - began > TURN_S:
                await asyncio.sleep(0)
                began = time.perf_counter()
            try:
                new = is_after(entry[0], position)
                signals = handle(shard, entry)
            except BadEntry as error:
                self._pass_over(entry, error)
                continue
            if new:
                found += signals
        return found

    def _on_ticks(self, shard: int, entry: Entry) -> list[Signal]:
        packed = ticks_of(entry)
        first, ticks = packed.first, packed.ticks
        self._counters.ticks.inc(len(ticks))
        return self._asked(self._of_ticks, lambda model: model.on_ticks(shard, first, ticks))

    def _on_bars(self, shard: int, entry: Entry) -> list[Signal]:
        bars = bars_of(entry)
        self._counters.bars.inc(len(bars))
        return self._asked(self._of_bars, lambda model: model.on_bars(shard, bars))

    def _asked(
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

    def tell(self, record: Sentiment | Signal, speaker: StreamModel | None = None) -> None:
        """Let all models but the one that speaks hear what is said."""
        for model in self._models:
            if model is not speaker:
                try:
                    model.hear(record)
                except Exception:
                    self._failure(model)

    def _failure(self, model: StreamModel) -> None:
        """Count a model's mistake: it must not take the others with it."""
        self._counters.failures.labels(model.name).inc()
        if model.name not in self._failed:
            self._failed.add(model.name)
            logger.exception("%s failed on an entry; it is counted from now on", model.name)

    def _pass_over(self, entry: Entry, error: BadEntry) -> None:
        self._counters.bad_entries.inc()
        if not self._saw_bad:
            self._saw_bad = True
            logger.warning(
                "a stream entry is not ours and is passed over: %r (%s)", entry[0], error
            )


def _begin(position: bytes) -> bytes:
    """Return the id after which ticks are read, so that models come to know what they knew."""
    last, _ = id_parts(position)
    return b"%d-0" % max(0, last - WARM_TICKS)
