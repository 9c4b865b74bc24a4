"""The instruments of symbols at a time: laws over random tables, and the cases that matter."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tickfire.store.mappings import EVER, Mappings, contains, contradict
from tickfire.store.schema import Instrument

DAY = 86_400 * 10**9


def row(number: int, symbol: str, start: int = 0, end: int = 0) -> Instrument:
    """Return a row whose bounds are given in days."""
    return Instrument(1, number, symbol, start=start * DAY, end=end * DAY)


def spans(mappings: Mappings, symbol: str) -> list[tuple[int, int, int]]:
    """Return instrument, start and end in days of each segment, -1 for no end."""
    return [
        (s.instrument.instrument_id, s.start // DAY, -1 if s.end == EVER else s.end // DAY)
        for s in mappings.segments(1, symbol)
    ]


def test_a_symbol_goes_on_over_its_roll() -> None:
    mappings = Mappings([row(11, "ES.c.0", 1, 5), row(12, "ES.c.0", 5, 9)])
    assert spans(mappings, "ES.c.0") == [(11, 0, 5), (12, 5, -1)]
    assert mappings.at(1, 11, 4 * DAY) == row(11, "ES.c.0", 1, 5)
    assert mappings.at(1, 11, 6 * DAY) is None
    assert mappings.at(1, 12, 20 * DAY) == row(12, "ES.c.0", 5, 9)


def test_an_id_that_is_given_away_keeps_the_histories_apart() -> None:
    mappings = Mappings([row(21, "AAA", 1, 5), row(21, "BBB", 6, 9)])
    assert spans(mappings, "AAA") == [(21, 0, 6)]
    assert spans(mappings, "BBB") == [(21, 6, -1)]
    named = [mappings.at(1, 21, day * DAY) for day in (0, 5, 6, 12)]
    assert [each.symbol for each in named if each is not None] == ["AAA", "AAA", "BBB", "BBB"]


def test_a_symbol_that_comes_back_has_a_segment_for_each_time() -> None:
    mappings = Mappings([row(11, "X", 1, 2), row(12, "X", 2, 3), row(11, "X", 3, 4)])
    assert spans(mappings, "X") == [(11, 0, 2), (12, 2, 3), (11, 3, -1)]
    assert mappings.at(1, 11, 2 * DAY) is None


def test_two_names_of_one_id_at_a_time_are_aliases() -> None:
    mappings = Mappings([row(11, "ESM4", 1, 9), row(11, "ES.c.0", 1, 5), row(12, "ES.c.0", 5, 9)])
    names = {each.symbol for each in mappings.aliases(1, 11, 2 * DAY)}
    assert names == {"ESM4", "ES.c.0"}
    assert [each.symbol for each in mappings.aliases(1, 11, 6 * DAY)] == ["ESM4"]
    assert spans(mappings, "ESM4") == [(11, 0, -1)]


def test_a_later_row_ends_one_that_has_no_end() -> None:
    mappings = Mappings()
    mappings.add(row(21, "AAA"))
    assert mappings.add(row(21, "BBB", 5)) == [row(21, "AAA", 0, 5), row(21, "BBB", 5)]
    assert mappings.add(row(21, "BBB", 5)) == []
    assert mappings.add(row(22, "BBB", 7)) == [row(21, "BBB", 5, 7), row(22, "BBB", 7)]
    assert spans(mappings, "BBB") == [(21, 5, 7), (22, 7, -1)]


ROWS = st.lists(
    st.builds(
        lambda number, symbol, start, length: row(number, symbol, start, start + length),
        st.integers(1, 3),
        st.sampled_from(["A", "B", "C"]),
        st.integers(1, 8),
        st.integers(1, 4),
    ),
    max_size=8,
    unique_by=lambda each: (each.instrument_id, each.symbol, each.start),
)


@given(ROWS, st.integers(0, 14))
def test_segments_do_not_overlap_and_cover_what_the_rows_say(
    table: list[Instrument], day: int
) -> None:
    mappings, ts = Mappings(), day * DAY
    for each in table:
        mappings.add(each)
    for symbol in "ABC":
        segments = mappings.segments(1, symbol)
        for before, after in itertools.pairwise(segments):
            assert before.start < before.end <= after.start
        own = [r for r in mappings if r.symbol == symbol]
        held = [s.instrument for s in segments if s.start <= ts < s.end]
        assert len(held) <= 1
        if len(own) == 1 and own[0].start <= ts < own[0].end:
            assert held == own
    for number in (1, 2, 3):
        found = mappings.at(1, number, ts)
        told = [r for r in mappings if r.instrument_id == number and r.start <= ts < r.end]
        assert found in told if told else found is None or found.instrument_id == number


@given(ROWS)
def test_the_order_of_loading_changes_nothing(table: list[Instrument]) -> None:
    one, other = Mappings(table), Mappings(reversed(table))
    for symbol in "ABC":
        days = [(s.start, s.end) for s in one.segments(1, symbol)]
        assert days == [(s.start, s.end) for s in other.segments(1, symbol)]


BOUNDS = st.tuples(st.integers(0, 8), st.integers(0, 9)).filter(
    lambda pair: not pair[1] or pair[0] < pair[1]
)
ANY_ROWS: st.SearchStrategy[Instrument] = st.builds(
    lambda number, symbol, bounds: row(number, symbol, *bounds),
    st.integers(1, 3), st.sampled_from("AB"), BOUNDS,
)  # fmt: skip


@given(st.lists(ANY_ROWS, max_size=5), ANY_ROWS)
def test_free_parts_are_the_times_that_no_row_contradicts(
    table: list[Instrument], new: Instrument
) -> None:
    parts = Mappings(table).free_parts(new)
    for half in range(0, 24):
        ts = half * DAY // 2
        is_taken = any(contains(other, ts) and contradict(other, new) for other in table)
        held = [part for part in parts if contains(part, ts)]
        assert len(held) == (contains(new, ts) and not is_taken)
    assert all(msgspec.structs.replace(part, start=new.start, end=new.end) == new for part in parts)


def test_names_of_one_contract_do_not_contradict_each_other() -> None:
    one = Instrument(1, 11, "ES.c.0", raw_symbol="ESM4")
    assert not contradict(one, Instrument(1, 11, "ESM4"))
    assert contradict(one, Instrument(1, 11, "ESU4"))
    assert contradict(one, Instrument(1, 12, "ES.c.0", raw_symbol="ESU4"))
