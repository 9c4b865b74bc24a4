"""The baseline of a feature: equal to a plain reference, and robust against bad data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reference.anomaly import Baseline
from tickfire.models.anomaly.detector import score

numbers = st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float)


@given(
    st.lists(numbers, max_size=80),
    st.sampled_from([1.0, 10.0, 2000.0]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([3.0, 10.0, 1e100]),
)
def test_equals_the_reference(
    values: list[float], memory: float, floor: float, reach: float
) -> None:
    plain = Baseline(memory, floor, reach)
    expected = [plain.take(x) for x in values]
    z, surprise = score(values, memory, floor, reach)
    np.testing.assert_allclose(z, [one[0] for one in expected], rtol=1e-6, atol=1e-6)
    # A value at the very edge of a bin may fall to either side of it by rounding.
    near = np.isclose(surprise, [one[1] for one in expected], rtol=1e-6)
    assert near.mean() >= 0.9 if values else True


def test_equals_the_reference_on_a_long_series() -> None:
    values = np.random.default_rng(5).standard_t(3, 30_000)
    plain = Baseline(500.0, 0.0, 10.0)
    expected = np.array([plain.take(x) for x in values.tolist()])
    z, surprise = score(values, 500.0, 0.0, 10.0)
    np.testing.assert_allclose(z, expected[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(surprise, expected[:, 1], rtol=1e-9)


def test_outlier_scores_highest() -> None:
    values = np.random.default_rng(1).standard_normal(2_000)
    values[1_500] = 25.0
    z, surprise = score(values)
    assert int(np.argmax(np.abs(z[100:]))) == int(np.argmax(surprise[100:])) == 1_400


def test_anomaly_does_not_hide_the_next() -> None:
    values = np.random.default_rng(1).standard_normal(2_000)
    values[1_000] = 1e9
    values[1_010] = 12.0
    assert abs(score(values).z[1_010]) > 8.0


def test_constant_series_has_finite_scores() -> None:
    z, surprise = score([0.0] * 50 + [1.0])
    assert np.isfinite(z).all() and np.isfinite(surprise).all()
    assert z[-1] > 1e6 and not z[:-1].any()
    assert abs(score([0.0] * 50 + [1.0], floor=1.0).z[-1]) == 1.0


@given(st.lists(numbers, max_size=40), st.lists(st.integers(0, 39), unique=True, max_size=5))
def test_values_that_are_not_finite_are_skipped(values: list[float], holes: list[int]) -> None:
    broken = list(values)
    for hole in sorted(holes):
        broken.insert(min(hole, len(broken)), np.nan if hole % 2 else np.inf)
    kept = np.isfinite(broken)
    for mine, other in zip(score(broken), score(values), strict=True):
        np.testing.assert_array_equal(mine[kept], other)
        assert not mine[~kept].any()


@given(st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=200))
def test_surprise_is_bounded_and_falls_on_repetition(values: list[float]) -> None:
    surprise = score([*values, 0.0, 0.0]).surprise
    assert (surprise >= 0.0).all()
    assert surprise.max() <= np.log((len(values) + 2 + 1.6) / 0.1) + np.log(2.0)
    assert surprise[-1] <= surprise[-2]


def test_memory_below_one_value_is_refused() -> None:
    with pytest.raises(ValueError, match="memory"):
        score([1.0], memory=0.5)
