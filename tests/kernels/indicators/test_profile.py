"""The volume profile and its value area, by example."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.kernels.cases import quick
from tickfire.kernels import native


def area_of(profile: list[float], share: float) -> list[float]:
    area = np.zeros(3)
    assert native.value_area(np.array(profile), share, area) == 3
    return area.tolist()


@quick
@given(st.lists(st.tuples(st.floats(90.0, 110.0), st.integers(0, 50)), max_size=60))
def test_a_profile_is_a_histogram_of_volume(trades: list[tuple[float, int]]) -> None:
    price = np.array([p for p, _ in trades])
    volume = np.array([float(v) for _, v in trades])
    profile = np.zeros(32)
    inside = (price >= 92.0) & (price < 108.0)
    assert native.volume_profile(price, volume, 92.0, 0.5, profile) == inside.sum()
    expected, _ = np.histogram(price[inside], 32, (92.0, 108.0), weights=volume[inside])
    np.testing.assert_allclose(profile, expected)


def test_a_profile_goes_on_from_what_it_holds() -> None:
    profile = np.array([1.0, 2.0])
    native.volume_profile(np.array([0.5, 1.5, 1.6]), np.array([1.0, 1.0, 1.0]), 0.0, 1.0, profile)
    assert profile.tolist() == [2.0, 4.0]


def test_the_area_grows_by_the_fuller_neighbour_until_it_holds_the_share() -> None:
    profile = [1.0, 5.0, 10.0, 6.0, 2.0, 1.0]
    assert area_of(profile, 0.0) == [2.0, 2.0, 2.0]
    assert area_of(profile, 0.6) == [2.0, 2.0, 3.0]
    assert area_of(profile, 0.7) == [2.0, 1.0, 3.0]
    assert area_of(profile, 1.0) == [2.0, 0.0, 5.0]


def test_equal_neighbours_are_taken_from_above() -> None:
    assert area_of([3.0, 9.0, 3.0], 0.7) == [1.0, 1.0, 2.0]


def test_nothing_traded_has_no_area() -> None:
    assert np.isnan(area_of([0.0, 0.0], 0.7)).all()
    assert np.isnan(area_of([], 0.7)).all()
    assert np.isnan(area_of([1.0], 1.5)).all()
