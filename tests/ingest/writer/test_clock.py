"""The feed's clock goes on, while the feed is quiet, at the pace of the feed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.writer.clock import QUIET_NS, FeedClock

S = 10**9


@given(st.integers(1, 10**15), st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_clock_of_a_quiet_feed_goes_on_from_its_latest_data(
    feed_ns: int, now: int, passed: int
) -> None:
    clock = FeedClock()
    assert clock.quiet_time(now + passed) is None
    clock.take(feed_ns, now)
    expected = feed_ns + passed if passed >= QUIET_NS else None
    assert clock.quiet_time(now + passed) == expected


def test_the_clock_of_a_slow_replay_is_slow() -> None:
    clock = FeedClock()
    for second in range(11):
        clock.take(100 * S + second * S // 10, second * S)
    assert clock.quiet_time(20 * S) == 102 * S
    clock.begin()
    clock.take(500 * S, 30 * S)
    assert clock.quiet_time(35 * S) == 505 * S


def test_the_clock_of_a_fast_replay_goes_on_as_the_receiving_machine() -> None:
    clock = FeedClock()
    for second in range(11):
        clock.take(100 * S + second * 50 * S, second * S)
    assert clock.quiet_time(13 * S) == 603 * S
    assert clock.passed(13 * S) == 150 * S
