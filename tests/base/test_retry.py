"""Retries and reference-counted values."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.retry import Backoff, retry
from tickfire.base.shared import Shared

logger = logging.getLogger(__name__)


@given(st.floats(0.001, 10), st.floats(0.001, 1000), st.integers(1, 3000))
def test_delays_double_up_to_the_longest(first: float, longest: float, failures: int) -> None:
    backoff = Backoff(first, longest)
    delays = [backoff.next_s() for _ in range(failures)]
    expected = min(first, longest)
    for delay in delays:
        assert delay == pytest.approx(expected)
        expected = min(2 * expected, longest)
    assert backoff.failures == failures
    backoff.reset()
    assert backoff.next_s() == min(first, longest)


async def test_a_call_is_repeated_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answers = [OSError("away"), OSError("away"), "here"]

    async def attempt() -> str:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return str(answer)

    backoff = Backoff(0.001, 0.001)
    found = await retry(attempt, on=(OSError,), what="work", logger=logger, backoff=backoff)
    assert (found, backoff.failures) == ("here", 0)
    assert caplog.messages == ["work failed (away); trying again", "work works again"]


async def test_an_error_of_another_kind_is_raised() -> None:
    async def attempt() -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        await retry(attempt, on=(OSError,), what="work", logger=logger)


def test_a_shared_value_lives_as_long_as_it_is_held() -> None:
    shared: Shared[str, object] = Shared()
    value = shared.hold("a", object)
    assert shared.hold("a", object) is value and shared.holders("a") == 2
    assert shared.release("a") is None and shared.get("a") is value
    assert shared.release("a") is value
    assert "a" not in shared and not len(shared)
    assert shared.hold("a", object) is not value
    with pytest.raises(KeyError):
        shared.release("b")
