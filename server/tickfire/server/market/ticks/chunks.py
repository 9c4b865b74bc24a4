"""`Chunks`: the latest pieces of history that were encoded, for all who catch up. Pure.

A chunk leads the subscribers of one view from one place to a later one. A *place* is the position
reached in each stream of the view's topic, or of an epoch that has ended. Subscribers that were at
different places come together where a chunk begins or ends: a new chunk is made no longer than to
the next such place.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.views import View
from tickfire.store.schema import Stream

MAX_BYTES: Final = 32 << 20
"""Bytes of frames that are kept."""
NEAR: Final = 4096
"""Ticks to a place beyond which a chunk need not end there."""
MAX_CHUNKS: Final = 1024


class Place(NamedTuple):
    """A place in the history of a topic.

    Attributes
    ----------
    positions : tuple of (Stream, int)
        The position reached in each stream, in the order of streams.
    origin : HistorySource or None
        The ended epoch that these positions are of, or the market beside positions in feeds that
        are being loaded; None for the market itself.
    """

    positions: tuple[tuple[Stream, int], ...]
    origin: HistorySource | None = None

    def source(self, present: HistorySource) -> HistorySource:
        """Return the source of its history, given the market."""
        return present if self.origin is None else self.origin


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of history.

    Attributes
    ----------
    frames : bytes
        Finished frames.
    end : Place
        The place to which it leads.
    gap : Stream or None
        The stream in which it leads over ticks that are gone; it then has no frames.
    newest : bool
        True if it ended with the newest ticks.
    merged : int
        Trades that have no tick of their own, in the chunk of a slow client.
    """

    frames: bytes
    end: Place
    gap: Stream | None = None
    newest: bool = False
    merged: int = 0


def gap_after(begin: Place, stream: Stream, to: int) -> Chunk:
    """Return the chunk that leads over ticks of a stream that are gone, up to a position."""
    return Chunk(b"", moved(begin, stream, to), gap=stream)


def moved(place: Place, stream: Stream, to: int) -> Place:
    """Return a place with another position of one stream."""
    positions = tuple((one, to if one == stream else at) for one, at in place.positions)
    return Place(positions, place.origin)


class Chunks:
    """The chunks of all views, by the place where they begin; the least recently used go first.

    Parameters
    ----------
    max_bytes : int
        Bytes that are kept.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._chunks: OrderedDict[tuple[View, Place], Chunk] = OrderedDict()
        self._begins: dict[View, dict[Place, None]] = {}

    def __len__(self) -> int:
        return len(self._chunks)

    def get(self, view: View, begin: Place) -> Chunk | None:
        """Return the chunk that begins at a place, None if there is none."""
        chunk = self._chunks.get((view, begin))
        if chunk is not None:
            self._chunks.move_to_end((view, begin))
        return chunk

    def put(self, view: View, begin: Place, chunk: Chunk) -> None:
        """Add a chunk, in place of any that begins where it does."""
        self._drop(view, begin)
        self._chunks[view, begin] = chunk
        self._begins.setdefault(view, {})[begin] = None
        self._bytes += len(chunk.frames)
        while len(self._chunks) > 1 and (
            self._bytes > self._max_bytes or len(self._chunks) > MAX_CHUNKS
        ):
            self._drop(*next(iter(self._chunks)))

    def next_place(self, view: View, begin: Place) -> Place | None:
        """Return the nearest place after one where a chunk begins or ends, None if there is none.

        Chunks that ended with the newest ticks do not count, as they are going to be extended.
        """
        nearest, least = None, NEAR + 1
        for place in self._places(view):
            ticks = _ticks_between(begin, place)
            if ticks is not None and ticks < least:
                nearest, least = place, ticks
        return nearest

    def _places(self, view: View) -> Iterator[Place]:
        for begin in self._begins.get(view, ()):
            chunk = self._chunks[view, begin]
            if not chunk.newest:
                yield begin
                yield chunk.end

    def forget(self, view: View) -> None:
        """Drop the chunks of a view."""
        for begin in list(self._begins.get(view, ())):
            self._drop(view, begin)

    def clear(self) -> None:
        """Drop all chunks."""
        self._chunks.clear()
        self._begins.clear()
        self._bytes = 0

    def _drop(self, view: View, begin: Place) -> None:
        chunk = self._chunks.pop((view, begin), None)
        if chunk is None:
            return
        self._bytes -= len(chunk.frames)
        begins = self._begins[view]
        del begins[begin]
        if not begins:
            del self._begins[view]


def _ticks_between(begin: Place, end: Place) -> int | None:
    """Return the number of ticks from one place to a later one, None if it is not later."""
    if begin.origin is not end.origin or len(begin.positions) != len(end.positions):
        return None
    ticks = 0
    for (stream, position), (other, reached) in zip(begin.positions, end.positions, strict=True):
        if stream != other or reached < position:
            return None
        ticks += reached - position
    return ticks or None
