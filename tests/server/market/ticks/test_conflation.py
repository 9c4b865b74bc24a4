"""Merged ticks: what a client has after each of them, and what it gets that resumes there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.market.ticks import conflation
from tickfire.server.market.ticks.conflation import MAX_SIZE, Conflation
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.positions import Bounds
from tickfire.store.schema import TICK, TICK_BID, TICK_TRADE, Stream

STREAM = Stream(1, 0)
FIRST = 101
SPAN = 12


class Sent(NamedTuple):
    """A merged trade as it is sent."""

    position: int
    slot: int
    size: int
    bounds: Bounds | None


class Recorder:
    """A view that keeps what it is to encode."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def encode(
        self, data: Any, stream: Stream, ticks: Ticks, positions: Any, *, live: bool, bounds: Any
    ) -> tuple[bytes, int]:
        (row,) = ticks.ticks
        if row["kind"] == TICK_TRADE:
            one = Sent(ticks.first, int(ticks.slots[0]), int(row["size"]), bounds)
            self.sent.append(one)
        return b"", 1


class Entry(NamedTuple):
    """Consecutive ticks: kind, slot and size of each."""

    first: int
    ticks: list[tuple[int, int, int]]

    def loaded(self) -> Ticks:
        rows = np.zeros(len(self.ticks), TICK)
        rows["kind"] = [kind for kind, _, _ in self.ticks]
        rows["size"] = [size for _, _, size in self.ticks]
        slots = np.array([slot for _, slot, _ in self.ticks], np.int64)
        return Ticks(rows, slots, self.first, 4)


TICKS = st.tuples(
    st.sampled_from((TICK_TRADE, TICK_TRADE, TICK_TRADE, TICK_BID)),
    st.integers(0, 3),
    st.one_of(st.integers(0, 5), st.integers(MAX_SIZE // 3, MAX_SIZE)),
)
WANTED = st.lists(st.integers(0, 1), min_size=4, max_size=4)


def merged(entries: list[Entry], wanted: Any, after: int = 0) -> tuple[list[Sent], int]:
    """Return the merged trades of some entries, and the number of trades they stand for besides."""
    of = Conflation(entries[0].first)
    for entry in entries:
        of.take(entry.loaded(), wanted)
    view: Any = Recorder()
    of.encode(view, None, STREAM, {STREAM: 0}, after)  # type: ignore[arg-type]
    return view.sent, of.merged(after)


def trades_of(entries: list[Entry], wanted: Any) -> Iterator[tuple[int, int, int]]:
    """Yield position, slot and size of each wanted trade."""
    for entry in entries:
        for position, (kind, slot, size) in enumerate(entry.ticks, entry.first):
            if kind == TICK_TRADE and wanted[slot]:
                yield position, slot, size


def between(entries: list[Entry], after: int, end: int) -> list[Entry]:
    """Return the ticks after a position, up to another."""
    cut = [
        Entry(
            max(entry.first, after + 1),
            entry.ticks[max(0, after + 1 - entry.first) : max(0, end + 1 - entry.first)],
        )
        for entry in entries
    ]
    return [entry for entry in cut if entry.ticks]


@pytest.fixture(autouse=True, scope="module")
def short_writes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conflation, "MAX_SPAN", SPAN)
        yield


@given(st.lists(st.lists(TICKS, min_size=1, max_size=6), min_size=1, max_size=8), WANTED)
def test_a_client_that_is_cut_anywhere_gets_the_rest_once(
    pieces: list[list[tuple[int, int, int]]], chosen: list[int]
) -> None:
    """After any merged tick, what was sent and what its id leads to are all trades, each once."""
    entries, first = [], FIRST
    for piece in pieces:
        entries.append(Entry(first, piece))
        first += len(piece)
    wanted = np.array(chosen, np.uint8)
    sent, more = merged(entries, wanted)
    trades = list(trades_of(entries, wanted))
    assert len(sent) + more == len(trades)
    assert [one.position for one in sent] == sorted({one.position for one in sent})
    for count, last in enumerate(sent, 1):
        got = sent[:count]
        if last.bounds is None:
            reached, rest = last.position, list[Sent]()
        else:
            complete, reached = last.bounds
            assert complete < last.position < reached <= complete + SPAN
            rest, _ = merged(between(entries, complete, reached), wanted, after=last.position)
            assert rest == sent[count : count + len(rest)], "as they would have come"
        for slot in range(4):
            own = [(at, size) for at, of, size in trades if of == slot and at <= reached]
            told = [one for one in (*got, *rest) if one.slot == slot]
            assert sum(one.size for one in told) == sum(size for _, size in own)
            assert [one.position for one in told][-1:] == [at for at, _ in own][-1:]


def test_a_tick_after_which_nothing_is_missing_has_a_plain_id() -> None:
    alone = [Entry(1, [(TICK_TRADE, slot, 1) for slot in (0, 0, 1, 1, 2)])]
    sent, _ = merged(alone, None)
    assert [one.bounds for one in sent] == [None, None, None]
    mixed = [Entry(1, [(TICK_TRADE, slot, 1) for slot in (0, 1, 0, 1, 2)])]
    sent, _ = merged(mixed, None)
    assert [one.bounds for one in sent] == [Bounds(1, 5), None, None]
