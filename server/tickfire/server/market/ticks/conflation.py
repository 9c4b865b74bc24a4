"""`Conflation`: ticks of one stream merged into fewer, in writes that a client can resume within.

A *write* covers consecutive positions. Of each instrument and kind it has the last tick among them;
a trade has the sizes of all trades of its instrument added up. The merged ticks of a write are sent
in the order of their positions. After each of them a client may lack earlier ticks, but only those
of instruments of which a tick is still to come; the id says so by the bounds of the write (see
positions.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.positions import MAX_SPAN, Bounds, Positions
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import BinaryView, Mask, View
from tickfire.store.schema import TICK_TRADE, Stream

MAX_SIZE: Final = 0xFFFF_FFFE
"""The largest size of a merged tick, as the next one is undefined; a write ends before it."""

type _Row = NDArray[np.void]


class _Merged(NamedTuple):
    """A merged tick: TICK[1] at the position of the last tick that it stands for."""

    position: int
    slot: int
    row: _Row
    bounds: Bounds | None


@dataclass(slots=True)
class _Trades:
    """The trades of one instrument in a write: the position of the first, and their sum."""

    first: int
    volume: int
    count: int = 1


class _Write:
    """Merged ticks of consecutive positions.

    Parameters
    ----------
    first : int

    Attributes
    ----------
    first, last : int
        The positions that it covers.
    """

    def __init__(self, first: int) -> None:
        self.first, self.last = first, first - 1
        self._rows: dict[tuple[int, int], tuple[int, _Row]] = {}
        self._trades: dict[int, _Trades] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, ticks: Ticks, chosen: Iterable[int], begin: int) -> int:
        """Merge the chosen ones of the ticks from an index on; return the index of the first left.

        All are taken unless the write would cover too many positions, or a volume be too large.
        """
        end = max(begin, min(ticks.count, self.first + MAX_SPAN - ticks.first))
        kinds, sizes = ticks.ticks["kind"].tolist(), ticks.ticks["size"].tolist()
        slots = ticks.slots[: ticks.count].tolist()
        trades, newest = self._trades, dict[tuple[int, int], int]()
        for index in chosen:
            if index < begin:
                continue
            if index >= end:
                break
            slot, kind = slots[index], kinds[index]
            if kind == TICK_TRADE:
                own = trades.get(slot)
                if own is None:
                    trades[slot] = _Trades(ticks.first + index, sizes[index])
                elif own.volume + sizes[index] > MAX_SIZE:
                    end = index
                    break
                else:
                    own.volume += sizes[index]
                    own.count += 1
            newest[slot, kind] = index
        rows = ticks.ticks[[*newest.values()]]
        for at, (key, index) in enumerate(newest.items()):
            self._rows[key] = ticks.first + index, rows[at : at + 1]
        if end > begin:
            self.last = ticks.first + end - 1
        return end

    def merged(self, after: int = 0) -> int:
        """Return the number of trades without a tick of their own, as of ticks after a position."""
        return sum(
            own.count - 1
            for slot, own in self._trades.items()
            if self._rows[slot, TICK_TRADE][0] > after
        )

    def ticks(self, after: int = 0) -> list[_Merged]:
        """Return the merged ticks after a position, in order."""
        rows = [(at, *key, row) for key, (at, row) in self._rows.items() if at > after]
        rows.sort(key=lambda each: each[0])
        spans = [(at, self._trades[slot].first) for at, slot, kind, _ in rows if kind == TICK_TRADE]
        bounds, merged = _bounds(spans), []
        for at, slot, kind, row in rows:
            if kind == TICK_TRADE:
                row["size"] = self._trades[slot].volume
            merged.append(_Merged(at, slot, row, bounds.get(at)))
        return merged


def _bounds(spans: list[tuple[int, int]]) -> dict[int, Bounds]:
    """Return bounds by position, of each merged trade that is followed by one that began before it.

    Parameters
    ----------
    spans : list of (int, int)
        The positions of the last and of the first trade that each stands for, in the order of the
        last ones.
    """
    oldest = [*accumulate((begin for _, begin in reversed(spans)), min)][-2::-1]
    return {
        at: Bounds(begin - 1, spans[-1][0])
        for (at, _), begin in zip(spans, oldest, strict=False)
        if begin < at
    }


class Conflation:
    """Merged ticks of one stream, in as few writes as can be.

    Parameters
    ----------
    first : int
        The position that it begins with.
    """

    def __init__(self, first: int) -> None:
        self._writes = [_Write(first)]

    def __len__(self) -> int:
        return sum(map(len, self._writes))

    def merged(self, after: int = 0) -> int:
        """Return the number of trades without a tick of their own, as of ticks after a position."""
        return sum(write.merged(after) for write in self._writes)

    def take(self, ticks: Ticks, wanted: Mask | None) -> None:
        """Merge the next ticks with those taken before."""
        slots = ticks.slots[: ticks.count]
        chosen = range(ticks.count) if wanted is None else np.flatnonzero(wanted[slots]).tolist()
        at = self._writes[-1].take(ticks, chosen, 0)
        while at < ticks.count:
            self._writes.append(_Write(ticks.first + at))
            at = self._writes[-1].take(ticks, chosen, at)

    def encode(
        self, view: View, data: TickData, stream: Stream, positions: Positions, after: int = 0
    ) -> tuple[bytes, int]:
        """Encode the merged ticks after a position, in order.

        Parameters
        ----------
        view : View
        data : TickData
        stream : Stream
        positions : mapping of Stream to int
            The positions of all streams, for the ids; that of this stream is where the last write
            ends.
        after : int

        Returns
        -------
        frames : bytes
            Finished frames, one after another.
        count : int
            The number of frames.
        """
        written: list[tuple[bytes, int]] = []
        for write in self._writes:
            ticks = write.ticks(after)
            if ticks and isinstance(view, BinaryView):
                first, last = max(write.first, after + 1), write.last
                if write is self._writes[-1]:  # it covers the positions after it as well
                    last = max(last, min(positions[stream], first + MAX_SPAN - 1))
                rows = np.concatenate([each.row for each in ticks])
                written.append((view.pack(data, stream, first, last - first + 1, rows), 1))
                continue
            for position, slot, row, bounds in ticks:
                one = Ticks(row, np.array([slot], np.int64), position, slot + 1)
                written.append(view.encode(data, stream, one, positions, live=False, bounds=bounds))
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
        positions[stream] = reached[stream]
        more, number = conflation.encode(view, data, stream, positions)
        frames, count = frames + more, count + number
    return frames, count
