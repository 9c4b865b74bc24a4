"""`Fanout`: the frames of an entry for each view that has live subscribers.

Entries that were read together are written together, once for each view. Each write is recorded
with the positions before it, so that a subscriber whose writes were withheld knows where to resume.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from tickfire.phoenix import Hub
from tickfire.server.market.ticks.conflator import Conflator
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.merged_views import ConflatedView
from tickfire.server.market.ticks.positions import Positions
from tickfire.server.market.ticks.slots_kernel import SAW_TRADE
from tickfire.server.market.ticks.source import CandleSink, TickData
from tickfire.server.market.ticks.views import REALTIME, SERIALIZERS, View, Views
from tickfire.server.metrics import Metrics
from tickfire.store.entries import TickEntry
from tickfire.store.schema import Stream

RECORDED_WRITES: Final = 4096
"""Writes of one view that are recorded: more than can wait in the hub for the event loop."""
NONE_REACHED: Final[Positions] = MappingProxyType({})


class Fanout:
    """Writer of ticks to the hub.

    Parameters
    ----------
    hub : Hub
    views : Views
        The views that have subscribers.
    data : TickData
    candles : CandleSink
        Is told which bars the ticks change and close.
    metrics : Metrics
    """

    def __init__(
        self, hub: Hub, views: Views, data: TickData, candles: CandleSink, metrics: Metrics
    ) -> None:
        self._hub = hub
        self._views = views
        self._data = data
        self._candles = candles
        self._metrics = metrics
        self._pending: dict[View, list[bytes]] = {}
        self._before: Positions = NONE_REACHED
        self._writes: dict[tuple[str, str], deque[dict[Stream, int]]] = {}
        self._conflator = Conflator(data, self._write_conflated)

    def close(self) -> None:
        """Cancel the timers of conflated views."""
        self._conflator.close()

    def take(self, stream: Stream, entry: TickEntry, ticks: Ticks, ts: int | None = None) -> None:
        """Encode one entry for all live subscribers, then fold it into the states.

        `ts` is a time in it, in ns, if it may be older than the table of instruments.
        """
        data = self._data
        if not self._before:
            self._before = dict(data.positions)
        named = data if ts is None else data.as_of(stream.feed, ts)
        self._encode(REALTIME, named, stream, ticks)
        if named is not data:
            self._encode_late(named, stream, ticks)
        for slot, saw in data.slots.listeners(ticks):
            for topic in data.instruments.topics(slot) if named is data else ():
                self._encode(topic, data, stream, ticks)
            if saw & SAW_TRADE:
                self._candles.traded(slot)
        data.positions[stream] = entry.last
        self._candles.take(data.slots.fold(ticks))
        self._metrics.ticks += ticks.count

    def _encode_late(self, named: TickData, stream: Stream, ticks: Ticks) -> None:
        """Encode ticks of before the last change of symbols, under the symbols that they had."""
        for slot in np.unique(ticks.slots[: ticks.count]).tolist():
            for topic in named.instruments.topics(slot):
                self._encode(topic, named, stream, ticks)

    def _encode(self, topic: str, data: TickData, stream: Stream, ticks: Ticks) -> None:
        views = self._views.of(topic)
        for name in self._hub.lanes(topic) if views else ():
            view = views.get(name)
            if view is None:
                continue
            if isinstance(view, ConflatedView):
                self._conflator.take(view, data, stream, ticks)
                continue
            live = data is self._data
            frames, count = view.encode(data, stream, ticks, data.positions, live=live)
            if frames:
                self._pending.setdefault(view, []).append(frames)
                self._metrics.frames += count
                self._metrics.bytes += len(frames)

    def flush(self) -> None:
        """Write the encoded frames, then the candles that are due."""
        pending, self._pending = self._pending, {}
        for view, frames in pending.items():
            self._write(view, b"".join(frames))
        self._before = NONE_REACHED
        self._candles.flush()

    def announce(self, topic: str, event: str, payload: Mapping[str, Any]) -> None:
        """Broadcast an event other than a tick to all views of a topic."""
        views = self._views.of(topic)
        for name in list(self._hub.lanes(topic)) if views else ():
            view = views.get(name)
            if view is not None:
                self.settle(view)
                frame = SERIALIZERS[view.serializer].encode_broadcast(topic, event, payload)
                settled = isinstance(view, ConflatedView)
                self._write(view, frame, self._data.positions if settled else NONE_REACHED)

    def welcome(self, view: View) -> None:
        """Prepare a view for a new live subscriber, to whom none of its waiting ticks goes."""
        if isinstance(view, ConflatedView):
            self._conflator.welcome(view)

    def settle(self, view: View) -> None:
        """Write what a conflated view has pending, so that later events follow it."""
        if isinstance(view, ConflatedView):
            self._conflator.settle(view)

    def _write_conflated(
        self, view: ConflatedView, frames: bytes, count: int, before: Positions
    ) -> None:
        self._metrics.frames += count
        self._metrics.bytes += len(frames)
        self._write(view, frames, before)

    def _write(self, view: View, frames: bytes, before: Positions = NONE_REACHED) -> None:
        log = self._writes.get((view.topic, view.name))
        if log is None:
            log = self._writes[view.topic, view.name] = deque(maxlen=RECORDED_WRITES)
        log.append(dict(before or self._before or self._data.positions))
        self._hub.write(view.topic, view.name, frames)

    def positions_before(self, view: View, writes: int) -> Positions:
        """Return the positions of a subscriber that did not get the last `writes` writes."""
        log = self._writes.get((view.topic, view.name), ())
        if not log or writes <= 0:
            return dict(self._data.positions)
        return log[max(0, len(log) - writes)]

    def settle_all(self) -> None:
        """Write the pending ticks of all conflated views."""
        self._conflator.settle_all()

    def forget_epoch(self, feed: int, positions: Positions) -> None:
        """Move the records of the writes to the beginning of a new epoch of a feed."""
        for log in self._writes.values():
            for at, before in enumerate(log):
                others = {one: reached for one, reached in before.items() if one.feed != feed}
                log[at] = {**others, **positions}

    def forget(self, view: View) -> None:
        """Drop the records of a view without subscribers."""
        self._writes.pop((view.topic, view.name), None)
        if isinstance(view, ConflatedView):
            self._conflator.forget(view)
