"""`RestMaker`: the rest of a merged write, of which a client has the first ticks."""

from __future__ import annotations

from tickfire.server.market.ticks.chunks import Chunk, Place, gap_after, moved
from tickfire.server.market.ticks.conflation import Conflation
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.merged_views import UnfinishedView
from tickfire.store.entries import TickEntry
from tickfire.store.history import BATCH_ENTRIES


class RestMaker:
    """Maker of chunks that lead from within a merged write to its end.

    The ticks of the write are read and merged again. What is encoded of them has the same ids as
    before, so that a client may lose its connection as often as it will.

    Parameters
    ----------
    source : HistorySource
        The source of the present epochs.
    """

    def __init__(self, source: HistorySource) -> None:
        self._present = source

    def _source(self, place: Place) -> HistorySource:
        return self._present if place.past is None else place.past

    def has_more(self, view: UnfinishedView, begin: Place) -> bool:
        """Return whether the worker knows of the whole write."""
        return self._source(begin).data.positions[view.stream] >= view.rest.end

    def make_now(self, view: UnfinishedView, begin: Place) -> Chunk | None:
        """Return the chunk, None if the write is not in memory."""
        if not self.has_more(view, begin):
            return None
        position = dict(begin.positions)[view.stream]
        entries = self._source(begin).recent(view.stream, position)
        return None if entries is None else self._encode(view, begin, entries)

    async def make(self, view: UnfinishedView, begin: Place) -> Chunk | None:
        """Return the chunk, None if an instrument of it has no symbol.

        Raises
        ------
        RedisUnavailable
            The history cannot be read now.
        """
        entries = await self._read(view, begin)
        chunk = self._encode(view, begin, entries)
        if chunk is None:
            await self._source(begin).learn()
            chunk = self._encode(view, begin, entries)
        return chunk

    async def _read(self, view: UnfinishedView, begin: Place) -> list[TickEntry]:
        history = self._source(begin).history(view.stream)
        position, entries = dict(begin.positions)[view.stream], list[TickEntry]()
        while position < view.rest.end:
            more, reached = await history.ticks_after(position, BATCH_ENTRIES)
            if reached == position:
                break
            entries += more
            position = reached
        return entries

    def _encode(self, view: UnfinishedView, begin: Place, entries: list[TickEntry]) -> Chunk | None:
        """Return the chunk of the entries after a place, None if an instrument has no symbol."""
        stream, (_, sent, end) = view.stream, view.rest
        data = named = self._source(begin).data
        positions = {**data.positions, **dict(begin.positions)}
        reached = positions[stream]
        conflation = Conflation(reached + 1)
        for entry in entries:
            if entry.first > end:
                break
            if entry.first > reached + 1:
                return gap_after(begin, stream, entry.first - 1)
            wanted = entry.until(end)
            data.slots.of(wanted)
            if not data.instruments.complete:
                return None
            for part, ts in data.instruments.parts(wanted):
                named = data if ts is None else data.as_of(stream.feed, ts)
                conflation.take(data.slots.of(part), view.wanted(named))
            reached = wanted.last
        if reached < end:
            return gap_after(begin, stream, end)
        frames, _ = conflation.encode(view.inner, named, stream, positions, after=sent)
        return Chunk(frames, moved(begin, stream, end), merged=conflation.merged(sent))
