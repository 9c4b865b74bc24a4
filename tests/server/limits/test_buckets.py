"""Token buckets agree with a plain counter of tokens, and take no memory when they are full."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.limits.buckets import FEW_BUCKETS, Bucket, Buckets, Rate


class Tokens:
    """The reference: tokens that are counted."""

    def __init__(self, rate: Rate) -> None:
        self._rate, self._tokens, self._at = rate, rate.burst, 0.0

    def take(self, now: float) -> bool:
        gained = (now - self._at) * self._rate.per_s
        self._tokens, self._at = min(self._rate.burst, self._tokens + gained), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@given(
    st.sampled_from([1, 4, 64]),
    st.integers(1, 20),
    st.lists(st.integers(0, 40).map(lambda quarters: quarters / 4), max_size=100),
)
def test_a_bucket_gives_as_many_tokens_as_a_counter(
    per_s: int, burst: int, pauses: list[float]
) -> None:
    rate, now = Rate(per_s, burst), 100.0
    bucket, tokens = Bucket(), Tokens(rate)
    for pause in pauses:
        now += pause
        assert (bucket.take(rate, now) == 0) == tokens.take(now)


def test_the_wait_is_the_time_until_there_is_a_token() -> None:
    rate, bucket = Rate(2, 3), Bucket()
    assert [bucket.take(rate, 7.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(rate, 7.0) == pytest.approx(0.5, abs=0.01)
    assert bucket.take(rate, 7.5) == 0


def test_full_buckets_are_forgotten() -> None:
    buckets, rate = Buckets(), Rate(1, 1)
    for number in range(10 * FEW_BUCKETS):
        assert buckets.take(f"{number}", rate, float(number)) == 0
    assert len(buckets) <= FEW_BUCKETS


def test_buckets_are_bounded_and_the_newest_are_kept() -> None:
    buckets, rate = Buckets(most=1_000), Rate(0.001, 1)
    for number in range(5_000):
        buckets.take(f"{number}", rate, 0.0)
        assert len(buckets) <= 1_000
    assert buckets.take("4999", rate, 1.0) > 0
    assert buckets.take("0", rate, 1.0) == 0
