"""Candlestick patterns: TA-Lib's results of all 61 functions, on every bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib as _talib
import talib.abstract as _abstract
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.models.candles import Candles, gridded_candles
from tickfire.models.patterns.candles import DEFAULT_DEPTHS, CandlePatterns
from tickfire.models.patterns.catalogue import CANDLE_PATTERNS, DEPTHS, index_of

talib: Any = _talib
abstract: Any = _abstract

LIMIT = 1e6


def theirs(candles: Candles, **depths: float) -> NDArray[np.int16]:
    columns = []
    for pattern in CANDLE_PATTERNS:
        keywords: dict[str, Any] = {}
        if pattern.name in depths:
            keywords["penetration"] = depths[pattern.name]
        columns.append(getattr(talib, pattern.talib)(*candles, **keywords))
    return np.stack(columns, axis=1).astype(np.int16)


def assert_same(mine: NDArray[np.int16], other: NDArray[np.int16]) -> None:
    where = np.argwhere(mine != other)
    names = sorted({CANDLE_PATTERNS[column].name for _, column in where})
    assert not len(where), f"{len(where)} mismatches in {names}, the first at bar {where[0][0]}"


def read(path: Path) -> Candles:
    frame = pd.read_csv(path)
    frame.columns = [column.lower() for column in frame.columns]
    o, h, l, c = (frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close"))  # noqa: E741
    return o, h, l, c


def test_covers_every_candlestick_function_of_talib() -> None:
    names = set(talib.get_function_groups()["Pattern Recognition"])
    assert {pattern.talib for pattern in CANDLE_PATTERNS} == names
    assert len(CANDLE_PATTERNS) == len(names) == 61


@pytest.mark.parametrize("pattern", CANDLE_PATTERNS, ids=lambda p: p.name)
def test_lookback_and_depth_equal_talibs(pattern: Any) -> None:
    function = abstract.Function(pattern.talib)
    assert function.lookback == pattern.lookback
    assert function.parameters.get("penetration") == pattern.depth


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "SP500_NOV2019_IDay.csv",
        "nt_6EH4.XCME_1min_bars_20240101_20240131.csv.gz",
        "nt_btc-perp-20211231-20220201_1m.csv",
        "nt_gbpusd-m1-ask-2012.csv",
        "nt_gbpusd-m1-bid-2012.csv",
        "yahoofinance-AAPL-20040819-20180120.csv",
        "yahoofinance-SPY-20080101-20180101.csv",
    ],
)
def test_equals_talib_on_real_candles(name: str, shared: Path) -> None:
    candles = read(shared / "data" / "candles" / name)
    assert_same(CandlePatterns().push(*candles), theirs(candles))


@pytest.mark.parametrize("seed", range(6))
def test_equals_talib_on_gridded_candles(seed: int) -> None:
    candles = gridded_candles(seed, 4_000)
    assert_same(CandlePatterns().push(*candles), theirs(candles))


def test_test_data_contain_every_pattern() -> None:
    """Without any pattern, a test of equality would pass for a kernel that finds none."""
    said = [CandlePatterns().push(*gridded_candles(seed, 20_000)) for seed in range(24)]
    found = (np.concatenate(said) != 0).any(axis=0)
    missing = [p.name for p, seen in zip(CANDLE_PATTERNS, found, strict=True) if not seen]
    assert missing == []


quarters = st.integers(-400, 400).map(lambda x: x / 4)
prices = quarters | st.floats(-LIMIT, LIMIT)
shadows = st.sampled_from([0.0, 0.25, 1.0]) | st.floats(0.0, LIMIT)
candle = st.tuples(prices, prices, shadows, shadows)


@settings(max_examples=60, deadline=None)
@given(st.lists(candle, max_size=60))
def test_equals_talib_on_any_candles(rows: list[tuple[float, float, float, float]]) -> None:
    o, c, over, under = (np.array([row[k] for row in rows], np.float64) for k in range(4))
    candles = (o, np.maximum(o, c) + over, np.minimum(o, c) - under, c)
    assert_same(
        CandlePatterns().push(*candles), theirs(candles) if rows else np.empty((0, 61), np.int16)
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=8), st.integers(0, 9))
def test_result_does_not_depend_on_how_candles_are_split(cuts: list[int], seed: int) -> None:
    candles = gridded_candles(seed, 100)
    live = CandlePatterns()
    pieces, at = [], 0
    for step in [*cuts, 100]:
        pieces.append(live.push(*(x[at : at + step] for x in candles)))
        at += step
    assert_same(np.concatenate(pieces)[:100], CandlePatterns().push(*candles))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 79), max_size=8, unique=True),
    st.sampled_from([np.nan, np.inf, -np.inf, 2e100]),
    st.integers(0, 3),
)
def test_candles_that_are_not_finite_are_skipped(
    holes: list[int], value: float, column: int
) -> None:
    candles = gridded_candles(3, 80)
    broken = [x.copy() for x in candles]
    broken[column][holes] = value
    kept = np.delete(np.arange(80), holes)
    out = CandlePatterns().push(*broken)
    assert_same(out[kept], CandlePatterns().push(*(x[kept] for x in candles)))
    assert not out[holes].any()


@pytest.mark.parametrize("depth", [0.0, 0.1, 0.9])
def test_depth_equals_talibs_penetration(depth: float) -> None:
    candles = gridded_candles(11, 4_000)
    depths = dict.fromkeys(DEPTHS, depth)
    assert_same(CandlePatterns(depths).push(*candles), theirs(candles, **depths))


@pytest.mark.parametrize(
    ("depths", "says"),
    [
        ({"doji": 0.1}, "takes no depth"),
        ({"mat_hold": -1.0}, "0 or more"),
        ({"mat_hold": float("nan")}, "0 or more"),
    ],
)
def test_invalid_depths_are_refused(depths: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CandlePatterns(depths)


def test_series_are_independent() -> None:
    pairs = zip(gridded_candles(1, 90), gridded_candles(2, 90), strict=True)
    o, h, l, c = (np.stack(pair, axis=1).ravel() for pair in pairs)  # noqa: E741
    out = CandlePatterns(series=2).push(o, h, l, c, np.arange(180) % 2)
    assert_same(out[::2], CandlePatterns().push(*gridded_candles(1, 90)))
    assert_same(out[1::2], CandlePatterns().push(*gridded_candles(2, 90)))


def test_reset_and_growth_of_series() -> None:
    patterns = CandlePatterns()
    patterns.push(*gridded_candles(1, 50))
    patterns.grow(3)
    patterns.reset(0)
    out = patterns.push(*gridded_candles(2, 90), np.zeros(90))
    assert_same(out, CandlePatterns().push(*gridded_candles(2, 90)))


def test_missing_series_is_refused() -> None:
    with pytest.raises(ValueError, match="series"):
        CandlePatterns().push(1.0, 2.0, 0.5, 1.5, series=1)


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        CandlePatterns().push([1.0], [1.0], [1.0, 2.0], [1.0])


def test_single_candle_may_be_scalars() -> None:
    assert CandlePatterns().push(1.0, 2.0, 0.5, 1.5).shape == (1, 61)


def test_direction_of_a_result() -> None:
    hammer, doji = CANDLE_PATTERNS[index_of("hammer")], CANDLE_PATTERNS[index_of("doji")]
    assert (hammer.direction(100), hammer.direction(-100)) == ("up", "down")
    assert doji.direction(100) == "none"
    assert set(DEFAULT_DEPTHS) == set(DEPTHS)
    with pytest.raises(KeyError):
        index_of("triangle")
