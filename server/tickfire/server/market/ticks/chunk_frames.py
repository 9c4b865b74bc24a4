"""`ChunkFrames`: the frames of one chunk, tick by tick or merged."""

from __future__ import annotations

from typing import Final, Protocol

from tickfire.server.market.ticks.conflation import Conflation, encode_all
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.merged_views import BacklogView
from tickfire.server.market.ticks.positions import Positions
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import View
from tickfire.store.schema import Stream

CHUNK_BYTES: Final = 64 << 10
"""Bytes of frames at which a chunk ends; the last entry may exceed it by 60 KB."""
MERGED_TICKS: Final = 16_384
"""Ticks at which a merged chunk ends, as merging them takes several milliseconds."""
MERGED_ROWS: Final = 2_048
"""Ticks that a merged chunk is made of, at which it ends; the last entry may exceed it."""


class ChunkFrames(Protocol):
    """The frames of one chunk while it is made."""

    @property
    def is_empty(self) -> bool:
        """True if no ticks have been added."""

    @property
    def is_full(self) -> bool:
        """True if the chunk is to end."""

    def add(self, data: TickData, stream: Stream, ticks: Ticks, positions: Positions) -> None:
        """Add consecutive ticks of one stream; `positions` are those before them."""

    def finish(self) -> tuple[bytes, int]:
        """Return the frames, and the number of trades that have no tick of their own."""


def frames_of(view: View) -> ChunkFrames:
    """Return the frames of a new chunk of a view."""
    return _Merged(view) if isinstance(view, BacklogView) else _TickByTick(view)


class _TickByTick:
    """Frames as the view encodes them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._frames: list[bytes] = []
        self._size = 0

    @property
    def is_empty(self) -> bool:
        return not self._frames

    @property
    def is_full(self) -> bool:
        return self._size >= CHUNK_BYTES

    def add(self, data: TickData, stream: Stream, ticks: Ticks, positions: Positions) -> None:
        encoded, _ = self._view.encode(data, stream, ticks, positions, live=False)
        self._frames.append(encoded)
        self._size += len(encoded)

    def finish(self) -> tuple[bytes, int]:
        return b"".join(self._frames), 0


class _Merged:
    """Frames of all ticks merged, as far as they have the same table of symbols."""

    def __init__(self, view: BacklogView) -> None:
        self._view = view
        self._done: list[bytes] = []
        self._merged = 0
        self._ticks = 0
        self._data: TickData | None = None
        self._before: Positions = {}
        self._reached: dict[Stream, int] = {}
        self._conflations: dict[Stream, Conflation] = {}

    @property
    def is_empty(self) -> bool:
        return not self._ticks

    @property
    def is_full(self) -> bool:
        rows = sum(map(len, self._conflations.values()))
        return self._ticks >= MERGED_TICKS or rows >= MERGED_ROWS

    def add(self, data: TickData, stream: Stream, ticks: Ticks, positions: Positions) -> None:
        if data is not self._data:
            self._settle()
            self._data = data
            self._before = dict(positions)
            self._reached = dict(positions)
        conflation = self._conflations.get(stream)
        if conflation is None:
            conflation = self._conflations[stream] = Conflation(ticks.first)
        conflation.take(ticks, self._view.wanted(data))
        self._reached[stream] = ticks.first + ticks.count - 1
        self._ticks += ticks.count

    def _settle(self) -> None:
        if self._data is None:
            return
        of = self._conflations, self._view.inner, self._data
        self._done.append(encode_all(*of, self._before, self._reached)[0])
        self._merged += sum(conflation.merged() for conflation in self._conflations.values())
        self._conflations = {}

    def finish(self) -> tuple[bytes, int]:
        self._settle()
        self._data = None
        return b"".join(self._done), self._merged
