"""`ChunkMaker`: reads history, from memory, Redis or the archive, and encodes it as chunks."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import accumulate
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from tickfire.server.market.ticks.chunk_frames import CHUNK_BYTES, frames_of
from tickfire.server.market.ticks.chunks import Chunk, Place, gap_after
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.merged_views import ConflatedView
from tickfire.server.market.ticks.views import View, symbol_of
from tickfire.store.entries import TickEntry
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import TICK, Stream

FIRST_READ: Final = 32
"""Entries in the first read of a view from Redis; later ones are to fill one chunk."""
LEAST_READ: Final = 8
MOST_READ: Final = 256


class _Run(NamedTuple):
    """The next entries of one stream.

    Attributes
    ----------
    entries : list of TickEntry
        In order, and none beyond `end`.
    reached : int
        The position to which the stream was read.
    end : int
        The position to which it is wanted.
    """

    entries: list[TickEntry]
    reached: int
    end: int

    @property
    def is_part(self) -> bool:
        """True if there are entries that were not read."""
        return self.reached < self.end


class ChunkMaker:
    """Maker of chunks.

    Parameters
    ----------
    source : HistorySource
        The source of the present epochs.
    """

    def __init__(self, source: HistorySource) -> None:
        self._present = source
        self._counts: dict[View, int] = {}

    def forget(self, view: View) -> None:
        """Drop what is known of a view without subscribers."""
        self._counts.pop(view, None)

    def has_more(self, begin: Place) -> bool:
        """Return whether the worker knows of any tick after a place."""
        positions = begin.source(self._present).data.positions
        return any(position < positions[stream] for stream, position in begin.positions)

    def make_now(self, view: View, begin: Place, until: Place | None = None) -> Chunk | None:
        """Return the chunk from a place on, None if that is not in memory.

        Parameters
        ----------
        view : View
        begin : Place
        until : Place, optional
            A later place where the chunk is to end, if it reaches it.
        """
        source, runs = begin.source(self._present), {}
        for stream, position, end in self._behind(view, begin, until):
            entries = source.recent(stream, position)
            if entries is None:
                return None
            runs[stream] = _run(entries, end, end)
        return self._encode(view, begin, runs)

    async def make(self, view: View, begin: Place, until: Place | None = None) -> Chunk | None:
        """Return the chunk from a place on, None if an instrument of it has no symbol.

        Raises
        ------
        RedisUnavailable
            The history cannot be read now.
        """
        count = self._counts.get(view, FIRST_READ)
        source, runs = begin.source(self._present), {}
        for stream, position, end in self._behind(view, begin, until):
            entries = source.recent(stream, position)
            reached = end
            if entries is None:
                entries, reached = await source.history(stream).ticks_after(position, count)
                if reached == position:  # nothing is left of what the worker has read
                    reached = end
            runs[stream] = _run(entries, reached, end)
        chunk = self._encode(view, begin, runs)
        if chunk is None:
            await source.learn()
            chunk = self._encode(view, begin, runs)
        if chunk is not None and chunk.frames:
            self._counts[view] = _next_count(count, runs, len(chunk.frames))
        return chunk

    def _behind(
        self, view: View, begin: Place, until: Place | None
    ) -> list[tuple[Stream, int, int]]:
        """Return the streams that have more ticks, each with where they begin and are to end."""
        positions = begin.source(self._present).data.positions
        ends = dict(until.positions) if until is not None else {}
        behind = [
            (stream, position, end)
            for stream, position in begin.positions
            if (end := min(ends.get(stream, positions[stream]), positions[stream])) > position
        ]
        if symbol_of(view.topic) is not None and begin.origin is None:
            del behind[1:]  # a symbol is in one stream at a time: they are read in turn
        return behind

    def _encode(self, view: View, begin: Place, runs: dict[Stream, _Run]) -> Chunk | None:
        """Return the chunk of some runs, None if an instrument has no symbol yet."""
        for stream, run in runs.items():
            if not run.entries:
                return gap_after(begin, stream, run.reached)
        data = begin.source(self._present).data
        reached = dict(begin.positions)
        positions = {stream: reached.get(stream, at) for stream, at in data.positions.items()}
        frames = frames_of(view)
        for stream, entry in _joined(_merged(runs), whole=isinstance(view, ConflatedView)):
            if entry.first > reached[stream] + 1:
                if frames.is_empty:
                    return gap_after(begin, stream, entry.first - 1)
                break
            data.slots.of(entry)
            if not data.instruments.complete:
                return None
            for part, ts in data.instruments.parts(entry):
                named = data if ts is None else data.as_of(stream.feed, ts)
                ticks = data.slots.of(part)
                frames.add(named, stream, ticks, positions)
                reached[stream] = positions[stream] = part.last
            if frames.is_full:
                break
        newest = all(reached[stream] >= data.positions[stream] for stream, _ in begin.positions)
        finished, merged = frames.finish()
        end = Place(tuple(reached.items()), begin.origin)
        return Chunk(finished, end, newest=newest, merged=merged)


def _run(entries: list[TickEntry], reached: int, end: int) -> _Run:
    wanted = [entry.until(end) for entry in entries if entry.first <= end]
    return _Run(wanted, min(reached, end), end)


def _next_count(count: int, runs: dict[Stream, _Run], size: int) -> int:
    """Return the number of entries that fill a chunk, if those to come are like the last ones."""
    read = sum(len(run.entries) for run in runs.values())
    enough = min(2 * count, read * CHUNK_BYTES // max(1, size) // len(runs))
    return max(LEAST_READ, min(MOST_READ, enough))


def _merged(runs: dict[Stream, _Run]) -> Iterator[tuple[Stream, TickEntry]]:
    """Yield the entries of all runs in the order in which they were written.

    It ends with the last entry of a stream that was read in part: an entry that follows there may
    have been written before those that are left.
    """
    timed = [_timed(stream, run) for stream, run in runs.items()]
    parts = [of[-1][0] for of, run in zip(timed, runs.values(), strict=True) if run.is_part]
    last = min(parts, default=None)
    for written, stream, entry in heapq.merge(*timed, key=itemgetter(0)):
        if last is not None and written > last:
            return
        yield stream, entry


def _timed(stream: Stream, run: _Run) -> list[tuple[int, Stream, TickEntry]]:
    """Return the entries of a run with times that do not decrease, unlike a writer's clock."""
    times = accumulate((entry.written for entry in run.entries), max)
    return [(time, stream, entry) for time, entry in zip(times, run.entries, strict=True)]


def _joined(
    entries: Iterator[tuple[Stream, TickEntry]], *, whole: bool
) -> Iterator[tuple[Stream, TickEntry]]:
    """Join entries that follow one another, up to the size of one; or leave them as they are."""
    group: list[TickEntry] = []
    of, count = None, 0
    for stream, entry in entries:
        follows = stream == of and entry.first == group[-1].last + 1
        if group and (whole or not follows or count + len(entry.ticks) > MAX_TICKS_PER_ENTRY):
            assert of is not None
            yield of, _as_one(group)
            group, count = [], 0
        group.append(entry)
        of, count = stream, count + len(entry.ticks)
    if of is not None:
        yield of, _as_one(group)


def _as_one(group: list[TickEntry]) -> TickEntry:
    first, last = group[0], group[-1]
    if first is last:
        return first
    ticks = np.frombuffer(b"".join(entry.ticks.tobytes() for entry in group), TICK)
    return TickEntry(first.first, last.last, ticks, first.received, first.parsed, first.written)
