from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.news.schedule import (
    FIRST_BACKOFF_S,
    INTERVAL_JITTER,
    MAX_BACKOFF_S,
    MAX_RETRY_AFTER_S,
    Schedule,
)

seeds = st.integers(0, 2**32)


@given(seeds, st.floats(1, 86400))
def test_the_delay_after_a_success_is_about_the_interval(seed: int, interval_s: float) -> None:
    delay = Schedule(interval_s, random.Random(seed)).succeeded()
    assert abs(delay - interval_s) <= interval_s * (INTERVAL_JITTER + 1e-9)


@given(seeds, st.integers(1, 2000))
def test_the_delay_after_failures_grows_up_to_a_limit(seed: int, count: int) -> None:
    schedule = Schedule(60, random.Random(seed))
    for n in range(count):
        ceiling = min(FIRST_BACKOFF_S * 2 ** min(n, 30), MAX_BACKOFF_S)
        assert ceiling / 2 <= schedule.failed() <= ceiling
    assert schedule.failures == count


@given(seeds, st.floats(-1, 1e9, allow_nan=False))
def test_retry_after_is_honoured_up_to_a_limit(seed: int, asked: float) -> None:
    delay = Schedule(60, random.Random(seed)).failed(asked)
    assert min(asked, MAX_RETRY_AFTER_S) <= delay <= max(MAX_RETRY_AFTER_S, FIRST_BACKOFF_S)


def test_a_success_resets_the_backoff() -> None:
    schedule = Schedule(60, random.Random(1))
    for _ in range(8):
        schedule.failed()
    schedule.succeeded()
    assert schedule.failed() <= FIRST_BACKOFF_S
