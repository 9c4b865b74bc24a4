"""Features: the same for live bars and history, and checked before they are computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickfire.kernels import native
from tickfire.models.features.catalogue import COLUMNS, CONTEXT, FEATURES, Feature, FeatureError
from tickfire.models.features.feature_set import FeatureSet

ALL = [Feature.of(name) for name in (*FEATURES, *COLUMNS, *CONTEXT)]


def columns(seed: int, count: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    close = 100 + np.cumsum(chance.normal(size=count))
    spread = chance.random(count)
    opened = close + chance.normal(size=count) * 0.1
    high, low = np.maximum(opened, close) + spread, np.minimum(opened, close) - spread
    volume = chance.integers(1, 100, count).astype(float)
    return dict(zip(COLUMNS, (opened, high, low, close, volume), strict=True))


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 80), min_size=1, max_size=5))
def test_live_features_equal_history(seed: int, sizes: list[int]) -> None:
    bars = columns(seed, sum(sizes))
    whole = FeatureSet(ALL).push(bars)
    live = FeatureSet(ALL)
    ends = np.cumsum(sizes)[:-1]
    pieces = [
        live.push(dict(zip(bars, cut, strict=True)))
        for cut in zip(*(np.split(column, ends) for column in bars.values()), strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_features_equal_kernel_results() -> None:
    bars = columns(1, 200)
    asked = [
        Feature.of("rsi", 7),
        Feature.of("macd_signal"),
        Feature.of("sma", 5, source="volume"),
        Feature.of("bollinger_lower", 10, 1.5),
        Feature.of("high"),
        Feature.of("sentiment"),
    ]
    got = FeatureSet(asked).push(bars).T
    np.testing.assert_array_equal(got[0], native.rsi(bars["close"], 7))
    np.testing.assert_array_equal(got[1], native.macd(bars["close"], 12, 26, 9).average)
    np.testing.assert_array_equal(got[2], native.sma(bars["volume"], 5))
    np.testing.assert_array_equal(got[3], native.bollinger(bars["close"], 10, 1.5).lower)
    np.testing.assert_array_equal(got[4], bars["high"])
    assert np.isnan(got[5]).all()


def test_all_features_are_known_after_300_bars() -> None:
    last = FeatureSet(ALL).push(columns(2, 300))[-1]
    unknown = {str(ALL[at]) for at in np.flatnonzero(np.isnan(last))}
    assert unknown == set(CONTEXT)


@pytest.mark.parametrize(
    ("name", "arguments", "source", "said"),
    [
        ("nothing", (), None, "no feature nothing"),
        ("rsi", (0,), None, "period is from 1"),
        ("rsi", (2.5,), None, "whole number"),
        ("rsi", (float("nan"),), None, "whole number"),
        ("rsi", (1, 2), None, "rsi takes period"),
        ("atr", (5,), "volume", "takes no column"),
        ("sma", (5,), "price", "no column price"),
        ("close", (5,), None, "takes no parameters"),
        ("obv", (5,), None, "obv takes no parameters"),
    ],
)
def test_invalid_features_are_refused(
    name: str, arguments: tuple[float, ...], source: str | None, said: str
) -> None:
    with pytest.raises(FeatureError, match=said):
        Feature.of(name, *arguments, source=source)
