"""TA-Lib's numbers, within a relative 1e-9, wherever TA-Lib has any.

The conventions are TA-Lib's own: an EMA is seeded by the mean of its first period, Wilder's
averages too, MACD's fast average by the values up to the slow one's seed, standard deviations are
the population's, a flat RSI, stochastic or CCI is 0. Ours begin no later than TA-Lib's. MFI
differs in one thing: TA-Lib gives 0 while less than 1.0 of money flowed, whatever the currency.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from tickfire.kernels import native

type Array = NDArray[np.float64]

TOLERANCE = 1e-9
SIMPLE = talib.MA_Type.SMA  # type: ignore[attr-defined]
BARS = 3_000


def quarters(x: Array) -> Array:
    return np.round(4.0 * x) / 4.0


class Market:
    """Seeded bars around 1,000, with gaps and flat stretches; in quarters, so ties are ties."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        steps = rng.standard_normal(BARS) * rng.choice([0.0, 0.2, 1.0], BARS)
        self.c: Array = quarters(1000.0 * np.exp(np.cumsum(steps) / 100.0))
        opens = np.concatenate([self.c[:1], self.c[:-1]]) + rng.choice([0.0, 0.5], BARS)
        self.h: Array = np.maximum(opens, self.c) + quarters(rng.exponential(0.5, BARS))
        self.l: Array = np.minimum(opens, self.c) - quarters(rng.exponential(0.5, BARS))
        self.v: Array = rng.integers(1, 10_000, BARS).astype(float)


type Compute = Callable[[Market, int], Any]

OURS_AND_THEIRS: dict[str, tuple[Compute, Compute]] = {
    "sma": (lambda m, p: native.sma(m.c, p), lambda m, p: talib.SMA(m.c, p)),
    "ema": (lambda m, p: native.ema(m.c, p), lambda m, p: talib.EMA(m.c, p)),
    "wma": (lambda m, p: native.wma(m.c, p), lambda m, p: talib.WMA(m.c, p)),
    "dema": (lambda m, p: native.dema(m.c, p), lambda m, p: talib.DEMA(m.c, p)),
    "macd": (
        lambda m, p: native.macd(m.c, p, 2 * p + 1, p + 2),
        lambda m, p: talib.MACD(m.c, p, 2 * p + 1, p + 2),
    ),
    "rsi": (lambda m, p: native.rsi(m.c, p), lambda m, p: talib.RSI(m.c, p)),
    "stochastic": (
        lambda m, p: native.stochastic(m.h, m.l, m.c, p, 3, 4),
        lambda m, p: talib.STOCH(m.h, m.l, m.c, p, 3, SIMPLE, 4, SIMPLE),
    ),
    "cci": (lambda m, p: native.cci(m.h, m.l, m.c, p), lambda m, p: talib.CCI(m.h, m.l, m.c, p)),
    "mfi": (
        lambda m, p: native.mfi(m.h, m.l, m.c, m.v, p),
        lambda m, p: talib.MFI(m.h, m.l, m.c, m.v, p),
    ),
    "atr": (lambda m, p: native.atr(m.h, m.l, m.c, p), lambda m, p: talib.ATR(m.h, m.l, m.c, p)),
    "typical": (
        lambda m, _: native.typical(m.h, m.l, m.c),
        lambda m, _: talib.TYPPRICE(m.h, m.l, m.c),
    ),
    "adx": (
        lambda m, p: native.adx(m.h, m.l, m.c, p),
        lambda m, p: [f(m.h, m.l, m.c, p) for f in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)],
    ),
    "sar": (
        lambda m, p: native.sar(m.h, m.l, 0.01 * p, 0.2),
        lambda m, p: talib.SAR(m.h, m.l, 0.01 * p, 0.2),
    ),
    "bollinger": (
        lambda m, p: native.bollinger(m.c, p, 2.0),
        lambda m, p: [talib.BBANDS(m.c, p, 2.0, 2.0)[i] for i in (1, 0, 2)],
    ),
    "donchian": (
        lambda m, p: native.donchian(m.h, m.l, p)[:2],
        lambda m, p: [talib.MAX(m.h, p), talib.MIN(m.l, p)],
    ),
    "obv": (lambda m, _: native.obv(m.c, m.v), lambda m, _: talib.OBV(m.c, m.v)),
    "returns": (lambda m, p: native.returns(m.c, p), lambda m, p: talib.ROCP(m.c, p)),
    "regression": (
        lambda m, p: [native.regression_channel(m.c, p, 2.0)[i] for i in (0, 3)],
        lambda m, p: [talib.LINEARREG(m.c, p), talib.LINEARREG_SLOPE(m.c, p)],
    ),
    "variance": (
        lambda m, p: native.rolling(m.c, p, 0).variance,
        lambda m, p: talib.VAR(m.c, p),
    ),
    "correlation": (
        lambda m, p: native.correlation(m.c, m.v, p).coefficient,
        lambda m, p: talib.CORREL(m.c, m.v, p),
    ),
}

NEAR = {"variance": 1e-6, "returns": 1e-12, "regression": 1e-8, "macd": 1e-9, "cci": 1e-6}
"""Absolute tolerances where numbers near 0 come of a difference of large ones, TA-Lib's too."""


@pytest.mark.parametrize("name", OURS_AND_THEIRS)
@pytest.mark.parametrize("period", [2, 5, 14, 60])
def test_agrees_with_talib(name: str, period: int) -> None:
    ours, theirs = OURS_AND_THEIRS[name]
    market = Market(period)
    mine, other = listed(ours(market, period)), listed(theirs(market, period))
    for a, b in zip(mine, other, strict=True):
        there = ~np.isnan(b)
        assert there.sum() > BARS // 2
        np.testing.assert_allclose(a[there], b[there], TOLERANCE, NEAR.get(name, 1e-9))


@pytest.mark.parametrize("period", [5, 14, 60])
def test_beta_is_talibs_on_returns(period: int) -> None:
    """TA-Lib's BETA takes prices and regresses their returns; ours takes the series to regress."""
    one, two = Market(1).c, Market(2).c
    x, y = native.returns(one, 1)[1:], native.returns(two, 1)[1:]
    beta = native.correlation(x, y, period).beta
    theirs = talib.BETA(one, two, period)[1:]
    there = ~np.isnan(theirs)
    assert there.sum() > BARS // 2
    np.testing.assert_allclose(beta[there], theirs[there], TOLERANCE, 1e-9)


def listed(result: Any) -> list[Array]:
    return [result] if isinstance(result, np.ndarray) else list(result)
