"""The chunks of history that are kept: where they are found, and how subscribers come together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.market.ticks.chunks import MAX_CHUNKS, NEAR, Chunk, Chunks, Place
from tickfire.server.market.ticks.views import TradesView
from tickfire.store.schema import Stream

ONE, TWO = Stream(1, 0), Stream(1, 1)
VIEW, OTHER = TradesView("v2", None), TradesView("v1", None)


def place(*positions: int) -> Place:
    return Place(tuple(zip((ONE, TWO), positions, strict=False)))


def test_a_chunk_is_found_where_it_begins_for_its_view_alone() -> None:
    chunks = Chunks()
    chunk = Chunk(b"x", place(9))
    chunks.put(VIEW, place(3), chunk)
    assert chunks.get(VIEW, place(3)) is chunk
    assert chunks.get(VIEW, place(4)) is None
    assert chunks.get(OTHER, place(3)) is None
    chunks.forget(VIEW)
    assert chunks.get(VIEW, place(3)) is None
    assert not len(chunks)


def test_the_least_recently_used_go_first() -> None:
    chunks = Chunks(max_bytes=30)
    for begin in (0, 10, 20):
        chunks.put(VIEW, place(begin), Chunk(b"x" * 10, place(begin + 10)))
    assert chunks.get(VIEW, place(0)) is not None
    chunks.put(VIEW, place(30), Chunk(b"x" * 10, place(40)))
    kept = [begin for begin in (0, 10, 20, 30) if chunks.get(VIEW, place(begin)) is not None]
    assert kept == [0, 20, 30]
    chunks.put(VIEW, place(40), Chunk(b"x" * 99, place(50)))
    assert [chunks.get(VIEW, place(begin)) is None for begin in (0, 20, 30, 40)] == [
        *[True] * 3,
        False,
    ]


def test_small_chunks_are_bounded_in_number() -> None:
    chunks = Chunks()
    for begin in range(2 * MAX_CHUNKS):
        chunks.put(VIEW, place(begin), Chunk(b"", place(begin + 1)))
    assert len(chunks) == MAX_CHUNKS


def test_subscribers_come_together_at_the_nearest_later_place() -> None:
    chunks = Chunks()
    chunks.put(VIEW, place(10, 10), Chunk(b"x", place(20, 15)))
    assert chunks.next_place(VIEW, place(8, 10)) == place(10, 10)
    assert chunks.next_place(VIEW, place(10, 10)) == place(20, 15)
    assert chunks.next_place(VIEW, place(11, 9)) == place(20, 15)
    assert chunks.next_place(VIEW, place(20, 15)) is None
    assert chunks.next_place(VIEW, place(1, 16)) is None
    assert chunks.next_place(VIEW, place(9)) is None
    assert chunks.next_place(OTHER, place(8, 10)) is None


def test_a_chunk_of_the_newest_ticks_or_far_away_is_no_meeting_place() -> None:
    chunks = Chunks()
    chunks.put(VIEW, place(10), Chunk(b"x", place(20), newest=True))
    chunks.put(VIEW, place(NEAR + 30), Chunk(b"x", place(NEAR + 40)))
    assert chunks.next_place(VIEW, place(5)) is None


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.integers(0, 40)), max_size=60),
    st.integers(1, 200),
)
def test_the_bytes_kept_are_bounded_and_places_are_of_chunks_that_are_kept(
    puts: list[tuple[int, int, int]], most: int
) -> None:
    chunks = Chunks(max_bytes=most)
    newest: dict[int, Chunk] = {}
    for begin, ticks, size in puts:
        newest[begin] = Chunk(b"x" * size, place(begin + ticks))
        chunks.put(VIEW, place(begin), newest[begin])
        kept = {at: chunk for at in newest if (chunk := chunks.get(VIEW, place(at))) is not None}
        assert all(newest[at] is chunk for at, chunk in kept.items())
        assert len(kept) == 1 or sum(len(chunk.frames) for chunk in kept.values()) <= most
        places = {place(at) for at in kept} | {chunk.end for chunk in kept.values()}
        later = [one for one in places if one.positions[0][1] > begin]
        assert chunks.next_place(VIEW, place(begin)) == min(later, default=None)
