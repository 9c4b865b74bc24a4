"""Conflated views: a limited number of writes a second, for clients that want fewer ticks.

A conflated trade is the last trade of its instrument since the previous write, with the sizes of
all of them added up; of bids, asks and clears, the last counts. Ticks are never conflated across a
write: what a view has pending begins where its last write ended, so that the position of a
subscriber is as well defined as in any other view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.positions import Positions
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import SERIALIZERS, BinaryView, Mask, View
from tickfire.store.schema import TICK_TRADE, Stream

MAX_SIZE: Final = 0xFFFF_FFFF
"""The largest size of a tick; a larger sum is cut to it."""
_SIDES: Final = ("bid", "ask", "bid_size", "ask_size")


class MergedView:
    """A view that shows what another does, with the ticks of each entry merged.

    Parameters
    ----------
    inner : View
        Encodes the merged ticks.
    name : str
    """

    def __init__(self, inner: View, name: str) -> None:
        self.inner = inner
        self.topic, self.serializer = inner.topic, inner.serializer
        self.name = name

    def wanted(self, data: TickData) -> Mask | None:
        """Return the mask of the chosen instruments; see `View`."""
        return self.inner.wanted(data)

    def encode(
        self, data: TickData, stream: Stream, ticks: Ticks, positions: Positions, *, live: bool
    ) -> tuple[bytes, int]:
        """Merge and encode one entry on its own, for a client that catches up; see `View`."""
        conflation = Conflation()
        conflation.take(ticks, self.wanted(data))
        return conflation.encode(self.inner, data, stream, ticks.first, ticks.count, positions)

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return the top of book; see `View`."""
        return self.inner.quote(data)


class ConflatedView(MergedView):
    """A view that shows what another does, in at most `max_hz` writes a second.

    Parameters
    ----------
    inner : View
        Encodes the conflated ticks.
    max_hz : float
        Greater than 0.
    """

    def __init__(self, inner: View, max_hz: float) -> None:
        super().__init__(inner, f"{inner.name}/@{max_hz:g}")
        self.interval_s = 1 / max_hz


class BacklogView(MergedView):
    """A view that shows the backlog of a slow client, with all ticks of a chunk merged.

    Views of the same inner view are equal.
    """

    def __init__(self, view: View) -> None:
        inner = view.inner if isinstance(view, MergedView) else view
        super().__init__(inner, f"{view.name}/backlog")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BacklogView) and other.inner is self.inner

    def __hash__(self) -> int:
        return hash((BacklogView, self.inner))


class Conflation:
    """Conflated ticks of one stream: the last tick of each slot and kind."""

    def __init__(self) -> None:
        self._trades = 0
        self._rows: dict[tuple[int, int], tuple[int, NDArray[np.void]]] = {}

    def take(self, ticks: Ticks, wanted: Mask | None) -> None:
        """Conflate more ticks with those taken before."""
        rows = ticks.ticks
        slots = ticks.slots[: ticks.count]
        chosen = range(ticks.count) if wanted is None else np.flatnonzero(wanted[slots]).tolist()
        kinds, sizes = rows["kind"].tolist(), rows["size"].tolist()
        slot_list = slots.tolist()
        last: dict[tuple[int, int], int] = {}
        volumes: dict[tuple[int, int], int] = {}
        for index in chosen:
            key = slot_list[index], kinds[index]
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
        self._trades += sum(kinds[index] == TICK_TRADE for index in chosen)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def merged(self) -> int:
        """Number of the trades that have no tick of their own."""
        return self._trades - sum(kind == TICK_TRADE for _, kind in self._rows)

    def encode(
        self,
        view: View,
        data: TickData,
        stream: Stream,
        first: int,
        span: int,
        positions: Positions,
    ) -> tuple[bytes, int]:
        """Encode the conflated ticks of positions ``[first, first + span)``, in order."""
        ordered = sorted((position, slot, row) for (slot, _), (position, row) in self._rows.items())
        if not ordered:
            return b"", 0
        if isinstance(view, BinaryView):
            rows = np.concatenate([row for _, _, row in ordered])
            return view.pack(data, stream, first, span, rows)
        written = [
            view.encode(data, stream, _one(row, slot, position), positions, live=False)
            for position, slot, row in ordered
        ]
        return b"".join(frames for frames, _ in written), sum(count for _, count in written)


def encode_all(
    conflations: Mapping[Stream, Conflation],
    view: View,
    data: TickData,
    before: Positions,
    reached: Positions,
) -> tuple[bytes, int]:
    """Encode the conflated ticks of several streams between two positions, one after another.

    Returns
    -------
    frames : bytes
        Finished frames, one after another.
    count : int
        The number of frames.
    """
    frames, count = b"", 0
    positions = dict(before)
    for stream, conflation in sorted(conflations.items()):
        first, span = before[stream] + 1, reached[stream] - before[stream]
        positions[stream] = reached[stream]
        more, number = conflation.encode(view, data, stream, first, span, positions)
        frames, count = frames + more, count + number
    return frames, count


def _one(row: NDArray[np.void], slot: int, position: int) -> Ticks:
    return Ticks(row, np.array([slot], np.int64), position, slot + 1)


class _Pending:
    """Ticks that one conflated view has not written yet."""

    def __init__(self, positions: Positions, timer: asyncio.TimerHandle) -> None:
        self.before = dict(positions)
        self.timer = timer
        self.streams: dict[Stream, Conflation] = {}


class Conflator:
    """The conflated views, each with a timer.

    Parameters
    ----------
    data : TickData
    write : callable
        Called with a view, its frames, their number, and the positions that its subscribers had
        before them.
    """

    def __init__(
        self,
        data: TickData,
        write: Callable[[ConflatedView, bytes, int, Positions], None],
    ) -> None:
        self._data = data
        self._write = write
        self._pending: dict[ConflatedView, _Pending] = {}
        self._written_at: dict[ConflatedView, float] = {}
        self._quotes: dict[ConflatedView, tuple[Any, ...]] = {}

    def take(self, view: ConflatedView, data: TickData, stream: Stream, ticks: Ticks) -> None:
        """Add the ticks of one entry, before the positions of the data include them.

        Ticks that have other symbols than those of now are written on their own.
        """
        if data is not self._data:
            self.settle(view)
            frames, count = view.encode(data, stream, ticks, data.positions, live=False)
            if frames:
                self._write(view, frames, count, data.positions)
            return
        pending = self._pending.get(view)
        if pending is None:
            loop = asyncio.get_running_loop()
            due = max(loop.time(), self._written_at.get(view, 0.0) + view.interval_s)
            timer = loop.call_at(due, self.settle, view)
            pending = self._pending[view] = _Pending(self._data.positions, timer)
        pending.streams.setdefault(stream, Conflation()).take(ticks, view.wanted(self._data))

    def settle(self, view: ConflatedView) -> None:
        """Write what a view has pending, which brings its subscribers level with the data."""
        pending = self._pending.pop(view, None)
        if pending is None:
            return
        pending.timer.cancel()
        self._written_at[view] = asyncio.get_running_loop().time()
        data = self._data
        frames, count = encode_all(
            pending.streams, view.inner, data, pending.before, data.positions
        )
        quote = self._changed_quote(view)
        if quote is not None:
            frames += SERIALIZERS[view.serializer].encode_broadcast(view.topic, "quote", quote)
            count += 1
        if frames:
            self._write(view, frames, count, pending.before)

    def welcome(self, view: ConflatedView) -> None:
        """Prepare for a new subscriber: write what is pending, and show it the next quote.

        It may have been told of a quote that the view has not shown, as nothing is conflated while
        all subscribers catch up.
        """
        self.settle(view)
        self._quotes.pop(view, None)

    def settle_all(self) -> None:
        """Write the pending ticks of all views, before an epoch or symbols change."""
        for view in list(self._pending):
            self.settle(view)

    def _changed_quote(self, view: ConflatedView) -> dict[str, Any] | None:
        """Return the quote that a view is to show, None if it showed the same before."""
        quote = view.quote(self._data)
        if quote is None:
            return None
        sides = tuple(quote[side] for side in _SIDES)
        if self._quotes.get(view) == sides:
            return None
        self._quotes[view] = sides
        return quote

    def forget(self, view: ConflatedView) -> None:
        """Drop the state of a view without subscribers."""
        pending = self._pending.pop(view, None)
        if pending is not None:
            pending.timer.cancel()
        self._written_at.pop(view, None)
        self._quotes.pop(view, None)

    def close(self) -> None:
        """Cancel the timers."""
        for pending in self._pending.values():
            pending.timer.cancel()
        self._pending.clear()
