"""Recent history of the simulated market.

It holds every trade but only one quote a second of each instrument, so that charts are complete
and the history stays small.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import RTYPE_MBP_1
from tickfire.ingest.gateway.segment import Segment, survey_chunk


class History:
    """The latest records of a market, in order.

    Parameters
    ----------
    length_ns : int
        The length of the history in ns.
    """

    def __init__(self, length_ns: int) -> None:
        self.length_ns = length_ns
        self._past: deque[tuple[int, NDArray[np.uint8]]] = deque()
        self._second = 0
        self._current: list[NDArray[np.uint8]] = []

    def clear(self) -> None:
        """Remove all records."""
        self._past.clear()
        self._current.clear()

    def add(self, segment: Segment) -> None:
        """Append records, all of one second."""
        last = int(segment.clocks[-1])
        second = last // NS_PER_S
        if second != self._second:
            self._close_second()
            self._second = second
        if self.length_ns:
            self._current.append(segment.data)
        while self._past and self._past[0][0] < last - self.length_ns:
            self._past.popleft()

    def segments(self) -> list[Segment]:
        """Return the records as segments: one, or none if there are no records."""
        blocks = [block for _, block in self._past] + self._current
        if not blocks:
            return []
        joined = aligned(sum(map(len, blocks)))
        return [survey_chunk(np.concatenate(blocks, out=joined))]

    def _close_second(self) -> None:
        if self._current:
            joined = aligned(sum(map(len, self._current)))
            segment = survey_chunk(np.concatenate(self._current, out=joined))
            self._past.append((int(segment.clocks[-1]), _thinned(segment)))
            self._current = []


def _thinned(segment: Segment) -> NDArray[np.uint8]:
    """Return the records of a segment with only the last quote of each instrument."""
    keep = segment.rtypes != RTYPE_MBP_1
    quotes = np.flatnonzero(~keep)
    if len(quotes):
        rows = segment.instrument_ids[quotes]
        rows -= rows.min()  # ids are consecutive
        last = np.full(int(rows.max()) + 1, -1)
        last[rows] = quotes  # of equal rows the last one stays
        keep[last[last >= 0]] = True
    kept = np.frombuffer(segment.selected(keep, 0, len(segment)), np.uint8)
    out = aligned(len(kept))
    out[:] = kept
    return out
