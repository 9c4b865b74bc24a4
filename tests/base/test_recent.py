"""Quantiles of the durations of the last minute, against sorting them all."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.recent import Quantiles, Recent

samples = st.lists(st.tuples(st.integers(0, 400), st.integers(-50, 10**12)), max_size=120)


def nearest_rank(values: list[int], share: float) -> int:
    """Return the least value that is not below a share of all."""
    return next(v for v in sorted(values) if sum(w <= v for w in values) >= share * len(values))


@given(samples, st.integers(0, 500))
def test_the_quantiles_are_those_of_the_samples_of_the_span(
    steps: list[tuple[int, int]], later: int
) -> None:
    recent = Recent(("one", "other"), span_ns=1000, capacity=10)  # a sample each 100 ns
    at, kept, taken = 0, [], -1000
    for step, value in steps:
        at += step
        recent.add(at, (value, 2 * value))
        if at - taken >= 100 or taken < 0:
            taken = at
            kept.append((at, max(0, value)))
    now = at + later
    young = [value for then, value in kept if then > now - 1000]
    found = recent.quantiles(now)
    if not young:
        assert found == {"one": Quantiles(), "other": Quantiles()}
        return
    assert found["one"] == Quantiles(
        nearest_rank(young, 0.5), nearest_rank(young, 0.99), len(young)
    )
    assert found["other"].p99 == 2 * found["one"].p99


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=400))
def test_a_quantile_is_a_sample_of_that_rank(values: list[int]) -> None:
    recent = Recent(("only",))
    for number, value in enumerate(values):
        recent.add(number * 10_000_000, (value,))
    found = recent.quantiles(len(values) * 10_000_000)["only"]
    ordered = sorted(values)
    assert found.p50 == ordered[math.ceil(0.5 * len(values)) - 1]
    assert found.p99 == ordered[math.ceil(0.99 * len(values)) - 1]
