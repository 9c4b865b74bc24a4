"""`RestMaker`: the rest of a merged write, of which a client has the first ticks."""

from __future__ import annotations

import asyncio
from typing import Final

from tickfire.server.market.ticks.chunks import Chunk, Place, gap_after, moved
from tickfire.server.market.ticks.conflation import Conflation
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.merged_views import UnfinishedView
from tickfire.store.entries import TickEntry
from tickfire.store.history import BATCH_ENTRIES

AT_ONCE: Final = 4_096
"""Ticks that are merged in one turn of the event loop, which takes about 2 ms."""


class RestMaker:
    """Maker of chunks that lead from within a merged write to its end.

    The ticks of the write are read and merged again. The merged ticks have the same ids as before,
    so that a client may lose its connection any number of times.

    Parameters
    ----------
    source : HistorySource
        The source of the present epochs.
    """

    def __init__(self, source: HistorySource) -> None:
        self._present = source

    def has_more(self, view: UnfinishedView, begin: Place) -> bool:
        """Return whether the worker knows of the whole write."""
        return begin.source(self._present).data.positions[view.stream] >= view.rest.end

    def make_now(self, view: UnfinishedView, begin: Place) -> Chunk | None:
        """Return the chunk, None if the write is not in memory, or too long to be made at once."""
        position = dict(begin.positions)[view.stream]
        if not self.has_more(view, begin) or view.rest.end - position > AT_ONCE:
            return None
        entries = begin.source(self._present).recent(view.stream, position)
        if entries is None:
            return None
        making = _Making(begin.source(self._present), view, begin)
        for entry in entries:
            making.take(entry)
        return making.finish()

    async def make(self, view: UnfinishedView, begin: Place) -> Chunk | None:
        """Return the chunk, None if an instrument of it has no symbol.

        Raises
        ------
        RedisUnavailable
            The history cannot be read now.
        """
        source = begin.source(self._present)
        entries = source.recent(view.stream, dict(begin.positions)[view.stream])
        if entries is None:
            entries = await self._read(view, begin)
        for entry in entries:
            source.data.slots.of(entry)
        if not source.data.instruments.complete:
            await source.learn()
        making, taken = _Making(source, view, begin), 0
        for entry in entries:
            making.take(entry)
            taken += len(entry.ticks)
            if taken >= AT_ONCE:
                await asyncio.sleep(0)
                taken = 0
        return making.finish()

    async def _read(self, view: UnfinishedView, begin: Place) -> list[TickEntry]:
        history = begin.source(self._present).history(view.stream)
        position, entries = dict(begin.positions)[view.stream], list[TickEntry]()
        while position < view.rest.end:
            more, reached = await history.ticks_after(position, BATCH_ENTRIES)
            if reached == position:
                break
            entries += more
            position = reached
        return entries


class _Making:
    """A chunk that is being made."""

    def __init__(self, source: HistorySource, view: UnfinishedView, begin: Place) -> None:
        self._data = self._named = source.data
        self._view = view
        self._begin = begin
        self._reached = dict(begin.positions)[view.stream]
        self._conflation = Conflation(self._reached + 1)
        self._hole: int | None = None
        """The position before which ticks are gone."""
        self._is_named = True

    def take(self, entry: TickEntry) -> None:
        """Merge the next entry, as far as it belongs to the write."""
        data, end = self._data, self._view.rest.end
        if entry.first > end or self._hole is not None:
            return
        if entry.first > self._reached + 1:
            self._hole = entry.first
            return
        wanted = entry.until(end)
        data.slots.of(wanted)
        self._is_named = self._is_named and data.instruments.complete
        for part, ts in data.instruments.parts(wanted) if self._is_named else ():
            self._named = data if ts is None else data.as_of(self._view.stream.feed, ts)
            self._conflation.take(data.slots.of(part), self._view.wanted(self._named))
        self._reached = wanted.last

    def finish(self) -> Chunk | None:
        """Return the chunk, None if an instrument of it has no symbol."""
        stream, (_, sent, end) = self._view.stream, self._view.rest
        if self._hole is not None or self._reached < end:
            return gap_after(self._begin, stream, end if self._hole is None else self._hole - 1)
        if not self._is_named:
            return None
        positions = {**self._data.positions, **dict(self._begin.positions)}
        frames, _ = self._conflation.encode(
            self._view.inner, self._named, stream, positions, after=sent
        )
        return Chunk(frames, moved(self._begin, stream, end), merged=self._conflation.merged(sent))
