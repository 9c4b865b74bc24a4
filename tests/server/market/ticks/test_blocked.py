"""The number of subscribers that may wait for their clients at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.market.ticks.blocked import FIRST, LEAST, SLOW_S, Blocked


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fill(blocked: Blocked[int], first: int = 0) -> int:
    """Add subscribers until no more may wait; return the number of the next one."""
    number = first
    while not blocked.is_full:
        blocked.add(number)
        number += 1
    return number


def test_it_is_full_until_one_reads_on() -> None:
    blocked = Blocked[int](Clock())
    assert fill(blocked) == FIRST
    assert blocked.release(3) and not blocked.release(3)
    assert not blocked.is_full


def test_those_that_are_slow_count_no_more() -> None:
    clock = Clock()
    blocked = Blocked[int](clock)
    fill(blocked)
    clock.now = SLOW_S
    assert not blocked.is_full
    assert not blocked.release(0)
    assert blocked.release(FIRST - 1)


def test_the_limit_follows_the_turns() -> None:
    blocked = Blocked[int](Clock())
    number = fill(blocked)
    for one in range(LEAST + 1):  # too many in one turn
        blocked.release(one)
    blocked.begin_turn()
    assert blocked.limit == FIRST // 2
    for _ in range(10):  # few in each
        limit = blocked.limit
        number = fill(blocked, number)
        blocked.begin_turn()
        assert blocked.limit > limit
        blocked.release(number - 1)
    limit = blocked.limit
    blocked.begin_turn()  # there was room
    assert blocked.limit == limit


@given(st.lists(st.one_of(st.integers(0, 200), st.just("turn"), st.floats(0, 0.2))))
def test_there_is_always_room_at_last(events: list[int | str | float]) -> None:
    clock = Clock()
    blocked = Blocked[int](clock)
    for event in events:
        if isinstance(event, int):
            if not blocked.release(event):
                blocked.add(event)
        elif isinstance(event, float):
            clock.now += event
        else:
            blocked.begin_turn()
        assert blocked.limit >= LEAST
    clock.now += SLOW_S + 0.001
    assert not blocked.is_full
