from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.supervisor.policy import Limits, RestartPolicy

runs = st.lists(st.floats(min_value=0, max_value=200, allow_nan=False), min_size=1, max_size=60)
LIMITS = Limits()


def history(lengths: list[float]) -> list[tuple[float, float, float | None]]:
    """Run for each length in turn, waiting out each delay; return (started, died, delay)."""
    policy, now, seen = RestartPolicy(LIMITS), 0.0, []
    for length in lengths:
        started, now = now, now + length
        delay = policy.died(started=started, now=now)
        seen.append((started, now, delay))
        if delay is None:
            break
        now += delay
    return seen


@given(runs)
def test_a_delay_lies_between_the_first_and_the_longest(lengths: list[float]) -> None:
    for _, _, delay in history(lengths):
        assert delay is None or LIMITS.first_delay_s <= delay <= LIMITS.max_delay_s


@given(runs)
def test_delays_double_until_a_run_has_lasted(lengths: list[float]) -> None:
    seen = history(lengths)
    for (_, _, before), (started, died, delay) in itertools.pairwise(seen):
        if delay is None:
            continue
        assert before is not None
        lasted = died - started >= LIMITS.lasting_s
        expected = LIMITS.first_delay_s if lasted else min(before * 2, LIMITS.max_delay_s)
        assert delay == expected


@given(runs)
def test_it_gives_up_exactly_when_the_window_holds_too_many_deaths(lengths: list[float]) -> None:
    seen = history(lengths)
    for index, (_, died, delay) in enumerate(seen):
        recent = sum(died - at <= LIMITS.window_s for _, at, _ in seen[: index + 1])
        assert (delay is None) == (recent > LIMITS.max_deaths)


def test_a_process_that_dies_at_once_is_given_up_within_a_minute() -> None:
    seen = history([0.5] * 100)
    assert len(seen) == LIMITS.max_deaths + 1
    assert seen[-1][2] is None
    assert seen[-1][1] < LIMITS.window_s


def test_ten_deaths_an_hour_are_borne_for_ever() -> None:
    assert all(delay == LIMITS.first_delay_s for _, _, delay in history([360.0] * 100))


def test_a_very_long_row_of_deaths_overflows_nothing() -> None:
    policy = RestartPolicy(Limits(max_deaths=10_000, window_s=1.0))
    delays = [policy.died(started=n * 2.0, now=n * 2.0 + 1) for n in range(5_000)]
    assert delays[-1] == 5.0
