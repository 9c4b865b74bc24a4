"""Ticks that are read from files ahead: the same as if each were read on its own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.market.epoch.read_ahead import MAX_TICKS, WINDOWS, ReadAhead
from tickfire.store.entries import TickEntry
from tickfire.store.schema import TICK

LAST = 3 * MAX_TICKS
LACKING = range(1000, 1300)
"""Positions of which there are no ticks."""


class Files:
    """Files in entries of 256 ticks from any position on."""

    def __init__(self) -> None:
        self.reads = 0

    async def read(self, position: int, limit: int) -> list[TickEntry]:
        self.reads += 1
        first = position + 1
        if first in LACKING:
            first = LACKING.stop
        end = min(first + limit - 1, LAST)
        if first < LACKING.start:
            end = min(end, LACKING.start - 1)
        return [
            TickEntry(at, last, np.zeros(last - at + 1, TICK), 0, 0, 0)
            for at in range(first, end + 1, 256)
            for last in (min(at + 255, end),)
        ]


@given(st.lists(st.tuples(st.integers(0, LAST), st.integers(1, 64)), max_size=20))
async def test_the_next_ticks_are_those_of_the_files(wanted: list[tuple[int, int]]) -> None:
    files = Files()
    ahead = ReadAhead(files.read)
    for position, count in wanted:
        entries = await ahead.after(position, count)
        assert len(entries) <= count
        if position >= LAST:
            assert not entries
            continue
        first = position + 1
        assert entries[0].first == (LACKING.stop if first in LACKING else first)
        assert all(later.first == one.last + 1 for one, later in pairwise(entries))
        assert all(len(each.ticks) == each.last - each.first + 1 for each in entries)
    assert len(ahead._windows) <= WINDOWS


async def test_a_client_that_goes_on_reads_once_for_many_entries() -> None:
    files = Files()
    ahead = ReadAhead(files.read)
    position = LACKING.stop
    while position < LAST:
        entries = await ahead.after(position, 8)
        position = entries[2].last if len(entries) > 2 else entries[-1].last
    assert files.reads <= 4
