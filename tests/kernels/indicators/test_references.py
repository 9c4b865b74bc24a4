"""Every kernel gives the results of its plain reference, and skips missing numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.kernels.cases import quick
from tests.support.reference.indicators import (
    averages,
    bands,
    oscillators,
    performance,
    rolling,
    trend,
    volume,
)
from tests.support.reference.indicators.common import Results, without
from tickfire.kernels import native

type Array = NDArray[np.float64]

TOLERANCE = 1e-9
ROUNDING = 1e-6
"""A deviation that is truly 0 is the root of the rounding of prices around 100."""

PERIOD = st.integers(1, 12)
WIDTH = st.sampled_from([0.5, 2.0, 3.0])
SPACE = {
    "sma": (averages.sma, "x", (PERIOD,)),
    "ema": (averages.ema, "x", (PERIOD,)),
    "wma": (averages.wma, "x", (PERIOD,)),
    "dema": (averages.dema, "x", (PERIOD,)),
    "macd": (averages.macd, "x", (PERIOD, PERIOD, PERIOD)),
    "rsi": (oscillators.rsi, "x", (PERIOD,)),
    "stochastic": (oscillators.stochastic, "hlc", (PERIOD, PERIOD, PERIOD)),
    "typical": (oscillators.typical, "hlc", ()),
    "cci": (oscillators.cci, "hlc", (PERIOD,)),
    "mfi": (oscillators.mfi, "hlcv", (PERIOD,)),
    "bollinger": (bands.bollinger, "x", (PERIOD, WIDTH)),
    "donchian": (bands.donchian, "hl", (PERIOD,)),
    "regression_channel": (bands.regression_channel, "x", (PERIOD, WIDTH)),
    "atr": (bands.atr, "hlc", (PERIOD,)),
    "keltner": (bands.keltner, "hlc", (PERIOD, PERIOD, WIDTH)),
    "rolling": (rolling.rolling, "x", (st.integers(2, 12), st.integers(0, 1))),
    "correlation": (rolling.correlation, "xy", (PERIOD,)),
    "adx": (trend.adx, "hlc", (PERIOD,)),
    "supertrend": (trend.supertrend, "hlc", (PERIOD, WIDTH)),
    "sar": (trend.sar, "hl", (st.just(0.02), st.sampled_from([0.01, 0.2]))),
    "ichimoku": (trend.ichimoku, "hl", (PERIOD, PERIOD, PERIOD, st.integers(0, 9))),
    "returns": (performance.returns, "x", (PERIOD,)),
    "log_returns": (performance.log_returns, "x", (PERIOD,)),
    "realised_volatility": (performance.realised_volatility, "x", (PERIOD, st.just(252.0))),
    "drawdown": (performance.drawdown, "x", ()),
    "obv": (volume.obv, "cv", ()),
}

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", SPACE)
def test_gives_what_the_reference_gives(name: str) -> None:
    reference, inputs, scalars = SPACE[name]

    @quick
    @given(st.integers(0, 70), st.integers(0, 2**32 - 1), st.booleans(), st.tuples(*scalars))
    def check(n: int, seed: int, spiced: bool, given_scalars: tuple[Any, ...]) -> None:
        series = market(inputs, n, seed, spiced)
        expected = without(bound(reference, given_scalars), *(s.tolist() for s in series))
        compare(expected, getattr(native, name)(*series, *given_scalars))

    check()


@pytest.mark.parametrize("name", ["vwap", "vwap_anchored", "pivots"])
def test_sessions_give_what_the_reference_gives(name: str) -> None:
    @quick
    @given(
        st.integers(1, 70),
        st.integers(0, 2**32 - 1),
        st.integers(2, 20),
        st.integers(0, 19),
    )
    def check(n: int, seed: int, session: int, offset: int) -> None:
        rng = np.random.default_rng(seed)
        ts = 1_700_000_000_000_000_000 + np.cumsum(rng.integers(0, 4, n))
        scalars: tuple[int, ...] = (session, offset % session)
        if name == "vwap_anchored":
            scalars = (int(ts[n // 2]),)
        series = market("hlc" if name == "pivots" else "cv", n, seed, False)
        reference: Callable[..., Results] = getattr(volume, name)
        expected = reference(ts.tolist(), *(s.tolist() for s in series), *scalars)
        compare(expected, getattr(native, name)(ts, *series, *scalars))

    check()


def bound(reference: Any, scalars: tuple[Any, ...]) -> Callable[..., Results]:
    return lambda *series: reference(*series, *scalars)


def compare(expected: Results, given_result: Any) -> None:
    results = [given_result] if isinstance(given_result, np.ndarray) else list(given_result)
    assert len(results) == len(expected)
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_allclose(a, np.asarray(b, float), rtol=TOLERANCE, atol=ROUNDING)


def market(inputs: str, n: int, seed: int, spiced: bool) -> list[Array]:
    """Return random series: x and y walks; high, low, close of bars; volume."""
    rng = np.random.default_rng(seed)
    walk = 100.0 + np.cumsum(rng.standard_normal(n))
    walk[rng.random(n) < 0.2] = 100.0
    made = {
        "x": walk,
        "y": 50.0 + np.cumsum(rng.standard_normal(n)),
        "h": walk + rng.integers(0, 3, n) * rng.random(n),
        "l": walk - rng.integers(0, 3, n) * rng.random(n),
        "c": walk,
        "v": rng.integers(1, 50, n).astype(np.float64),
    }
    series = [made[key].copy() for key in inputs]
    if spiced:
        for one in series:
            some = rng.random(n) < 0.06
            one[some] = rng.choice([np.nan, np.inf, -np.inf, 1e101], n)[some]
    return series
