"""Streams that are not being read; times are given, not waited for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.units import NS_PER_S
from tickfire.server.market.pipeline.reading import STUCK_NS, UNREAD_NS, Reading, not_read
from tickfire.store.schema import Stream

A, B = Stream(1, 0), Stream(1, 1)


def test_a_stream_that_has_more_than_is_read_is_unread_after_a_while() -> None:
    reading = Reading()
    reading.look({A: 9, B: 5}, {A: 7, B: 5}, 0)
    assert reading.unread(UNREAD_NS - 1) == []
    assert reading.unread(UNREAD_NS) == [A]
    reading.look({A: 9, B: 5}, {A: 8, B: 5}, UNREAD_NS)
    assert reading.unread(2 * UNREAD_NS - 1) == []
    reading.look({A: 9, B: 5}, {A: 9, B: 5}, 3 * UNREAD_NS)
    assert reading.unread(9 * UNREAD_NS) == []


def test_a_stream_is_stuck_only_while_its_server_answers() -> None:
    reading = Reading()
    reading.look({A: 9}, {A: 7}, 0)
    assert reading.unread(STUCK_NS) == [A] and reading.stuck(STUCK_NS) == []
    reading.look({}, {A: 7}, STUCK_NS)
    assert reading.unread(STUCK_NS) == [A] and reading.stuck(STUCK_NS) == []
    reading.look({A: 9}, {A: 7}, STUCK_NS)
    assert reading.stuck(STUCK_NS) == [A]


def test_a_stream_that_is_followed_no_more_is_forgotten() -> None:
    reading = Reading()
    reading.look({A: 9}, {A: 7}, 0)
    reading.look({}, {}, UNREAD_NS)
    assert reading.waits(UNREAD_NS) == {}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 20)), min_size=1))
def test_the_wait_is_the_time_since_the_last_progress(steps: list[tuple[int, int, int]]) -> None:
    reading, written, at, now, since = Reading(), 0, 0, 0, 0
    for grown, read, pause in steps:
        now += pause * NS_PER_S
        was_behind, before = written > at, at
        written += grown
        at = min(written, at + read)
        if at != before or not was_behind:
            since = now
        reading.look({A: written}, {A: at}, now)
        assert reading.waits(now)[A] == (now - since if at < written else 0)


def test_the_words_name_the_streams() -> None:
    assert not_read([A]) == "stream 1.0 is not being read"
    assert not_read([A, B]) == "streams 1.0, 1.1 are not being read"
