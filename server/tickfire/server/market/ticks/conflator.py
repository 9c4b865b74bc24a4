"""`Conflator`: conflated views, in a limited number of writes a second.

Ticks are never conflated across a write: the pending ticks of a view begin where its last write
ended, so that the position of a subscriber is as well defined as in any other view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from tickfire.server.market.ticks.conflation import Conflation, encode_all
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.merged_views import ConflatedView
from tickfire.server.market.ticks.positions import Positions
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import SERIALIZERS
from tickfire.store.schema import Stream

_SIDES: Final = ("bid", "ask", "bid_size", "ask_size")


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
        conflation = pending.streams.get(stream)
        if conflation is None:
            conflation = pending.streams[stream] = Conflation(pending.before[stream] + 1)
        conflation.take(ticks, view.wanted(self._data))

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
