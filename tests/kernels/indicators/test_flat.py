"""Flat prices: every kernel gives exactly its documented value, on every engine.

Prices are flat from the first bar on, or from a later bar on (a halt), when sums and averages
still hold an earlier movement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.kernels.cases import quick
from tests.support.kernels.engines import all_engines, copied, difference
from tickfire.kernels import native
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import WORDS_SUFFIX, Kind, Parameter, signature_of, words_function

type Array = NDArray[np.float64]

pytestmark = pytest.mark.timeout(600)

BARS: Final = 120
HALTED: Final = 60
"""First bar of the halt."""

PRICE: Final = "price"
"""Expected value: the price itself."""
KEPT: Final = "kept"
"""Expected value: that of the previous bar, to the bit."""

PRICES: Final = st.one_of(
    st.sampled_from([0.1, 101.37, 1 / 3, 1e-9, 5e-324, 1e99]),
    st.floats(1e-9, 1e9),
    st.integers(1, 10**12).map(lambda price: price / 1e9),
)
PERIOD: Final = st.integers(1, 20)
SCALARS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "width": st.sampled_from([0.5, 2.0]),
    "session_ns": st.integers(5, 29),
    "offset_ns": st.integers(0, 4),
    "anchor_ns": st.integers(0, HALTED // 2),
    "acceleration": st.just(0.02),
    "maximum": st.just(0.2),
    "per_year": st.just(252.0),
    "freedom": st.integers(0, 1),
}

type Expected = float | str


@dataclass(frozen=True)
class Flat:
    """Expected outputs of a kernel on equal bars.

    Attributes
    ----------
    values : tuple
        For each output, a number or `PRICE`, if bars are equal from the first on.
    halted : tuple or None
        For each output, a number, `PRICE`, `KEPT`, or None for any value, in a halt; None if the
        values are the same.
    look_back : callable
        Takes the parameters; returns the number of equal bars after which the values must hold.
    """

    values: tuple[Expected, ...]
    halted: tuple[Expected | None, ...] | None = None
    look_back: Callable[[dict[str, int]], int] = lambda given: given.get("period", 0)


def _sessions(given: dict[str, int]) -> int:
    return 2 * given["session_ns"]


def _longest(given: dict[str, int]) -> int:
    return max(given["conversion"], given["base"], given["span"]) + given["displacement"]


NEVER: Final = (None,)
FLAT: Final[dict[str, Flat]] = {
    "sma": Flat((PRICE,)),
    "ema": Flat((PRICE,), NEVER),
    "wma": Flat((PRICE,)),
    "dema": Flat((PRICE,), NEVER),
    "macd": Flat((0.0, 0.0, 0.0), 3 * NEVER),
    "bollinger": Flat((PRICE, PRICE, PRICE)),
    "keltner": Flat((PRICE, PRICE, PRICE), 3 * NEVER),
    "donchian": Flat((PRICE, PRICE, PRICE)),
    "regression_channel": Flat((PRICE, PRICE, PRICE, 0.0)),
    "vwap": Flat((PRICE,), look_back=_sessions),
    "vwap_anchored": Flat((PRICE,), NEVER),
    "pivots": Flat((PRICE,) * 7, look_back=_sessions),
    "typical": Flat((PRICE,)),
    "atr": Flat((0.0,), NEVER),
    "adx": Flat((0.0, 0.0, 0.0), (None, KEPT, KEPT), lambda given: 2),
    "supertrend": Flat((PRICE, -1.0), (None, KEPT), lambda given: 2),
    "sar": Flat((PRICE,), NEVER),
    "ichimoku": Flat((PRICE,) * 4, look_back=_longest),
    "rsi": Flat((0.0,), (KEPT,), lambda given: 2),
    "stochastic": Flat(
        (0.0, 0.0), None, lambda given: given["period"] + given["slowing"] + given["smoothing"]
    ),
    "cci": Flat((0.0,)),
    "mfi": Flat((0.0,), None, lambda given: given["period"] + 1),
    "obv": Flat((5.0,), (KEPT,), lambda given: 2),
    "rolling": Flat((PRICE, 0.0, 0.0)),
    "correlation": Flat((0.0, 0.0)),
    "returns": Flat((0.0,), None, lambda given: given["lag"] + 1),
    "log_returns": Flat((0.0,), None, lambda given: given["lag"] + 1),
    "realised_volatility": Flat((0.0,), None, lambda given: given["period"] + 1),
    "drawdown": Flat((0.0, 0.0), (KEPT, KEPT), lambda given: 2),
}
NO_SERIES: Final = {
    "bars",
    "exponentials",
    "logarithms",
    "longer_bars",
    "powers",
    "trades",
    "value_area",
    "volume_profile",
}


def test_every_kernel_of_a_series_is_listed() -> None:
    computing = {name for name in kernels() if not name.endswith(WORDS_SUFFIX)}
    assert FLAT.keys() | NO_SERIES == computing


@pytest.mark.parametrize("name", FLAT)
def test_equal_prices_give_the_flat_value(name: str) -> None:
    @quick
    @given(st.data(), PRICES)
    def check(data: st.DataObject, price: float) -> None:
        arguments, given_scalars = drawn(data, name, np.full(BARS, price))
        results = outputs(name, arguments)
        if name == "rolling" and given_scalars["freedom"] >= given_scalars["period"]:
            return
        for row, expected in zip(results, FLAT[name].values, strict=True):
            known = row[~np.isnan(row)]
            assert len(known) >= BARS - 3 * 30
            if name != "obv":
                assert set(known.tolist()) == {price if expected == PRICE else expected}

    check()


@pytest.mark.parametrize("name", FLAT)
def test_a_halt_gives_the_flat_value_after_the_look_back(name: str) -> None:
    flat = FLAT[name]

    @quick
    @given(st.data(), PRICES, st.integers(0, 2**32 - 1))
    def check(data: st.DataObject, price: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        src = price * np.exp(0.05 * np.cumsum(rng.standard_normal(BARS)))
        src[HALTED:] = price
        arguments, given_scalars = drawn(data, name, src)
        if name == "rolling" and given_scalars["freedom"] >= given_scalars["period"]:
            return
        first = HALTED + flat.look_back(given_scalars)
        assert first < BARS - 1
        results = outputs(name, arguments)
        for row, expected in zip(results, flat.halted or flat.values, strict=True):
            if expected == KEPT:
                known = row[first - 1 :]
                known = known[~np.isnan(known)]
                assert len(set(known.tolist())) <= 1
            elif expected is not None:
                assert set(row[first:].tolist()) == {price if expected == PRICE else expected}

    check()


@pytest.mark.parametrize("price", [0.1, 101.37, 1e-9])
def test_averages_reach_a_price_that_stands_still(price: float) -> None:
    src = np.concatenate([price * (1.0 + 0.01 * np.arange(50)), np.full(60_000, price)])
    assert native.ema(src, 20)[-1] == price
    assert native.dema(src, 20)[-1] == price
    assert native.atr(src, src, src, 14)[-1] == 0.0
    assert [row[-1] for row in native.macd(src, 12, 26, 9)] == [0.0, 0.0, 0.0]
    assert [row[-1] for row in native.keltner(src, src, src, 20, 10, 2.0)] == [price] * 3


def test_ratios_of_averages_outlive_a_halt_without_end() -> None:
    """Wilder's sums decay to the smallest doubles; their ratios must not become noise."""
    rng = np.random.default_rng(4)
    src = np.concatenate([100.0 + np.cumsum(rng.standard_normal(60)), np.full(60_000, 101.37)])
    rsi = native.rsi(src, 14)
    assert 0.0 < rsi[60] < 100.0 and set(rsi[60:].tolist()) == {rsi[60]}
    index, plus, minus = native.adx(src, src, src, 14)
    assert set(plus[61:].tolist()) == {plus[61]} and set(minus[61:].tolist()) == {minus[61]}
    strength = 100.0 * abs(plus[-1] - minus[-1]) / (plus[-1] + minus[-1])
    assert index[-1] == pytest.approx(strength)


def test_repeated_bars_with_a_range_keep_k_and_d_equal() -> None:
    high, low, close = (np.full(60, x) for x in (101.41, 101.11, 101.21))
    k, d = native.stochastic(high, low, close, 14, 3, 7)
    assert len(set(k[20:].tolist())) == 1 and k[-1] == d[-1]


def test_talibs_rsi_keeps_its_value_in_a_halt_too() -> None:
    rng = np.random.default_rng(4)
    src = np.concatenate([100.0 + np.cumsum(rng.standard_normal(60)), np.full(1_000, 101.37)])
    rsi = talib.RSI(src, 14)[60:]
    assert 0.0 < rsi[0] < 100.0
    np.testing.assert_allclose(rsi, rsi[0], 1e-12)  # ours is exact, and for any length of the halt


@pytest.mark.parametrize("price", [0.1, 101.37, 55.55])
def test_a_flat_cci_is_zero_as_talibs_is(price: float) -> None:
    flat = np.full(60, price)
    assert set(talib.CCI(flat, flat, flat, 20)[19:].tolist()) == {0.0}
    assert set(native.cci(flat, flat, flat, 20)[19:].tolist()) == {0.0}


def test_bars_of_one_price_have_that_price_as_their_mean() -> None:
    n = 1_000
    rows = [np.zeros(4, np.int64), *(np.zeros(4) for _ in range(6))]
    sizes = np.random.default_rng(3).integers(1, 900, n).astype(float)
    native.bars(np.arange(n) + 10, np.full(n, 101.37), sizes, 1_000_000, *rows)
    assert rows[-1][0] == 101.37


def drawn(data: st.DataObject, name: str, src: Array) -> tuple[list[Any], dict[str, int]]:
    """Draw scalars; return a kernel's arguments over bars without a range, and the scalars."""
    function = kernels()[name]
    parameters = signature_of(function).parameters
    scalars = {
        p.name: data.draw(SCALARS.get(p.name, PERIOD), label=p.name)
        for p in parameters
        if not p.kind.is_array
    }
    arguments = [scalars.get(p.name, _array(p, src)) for p in parameters]
    names = [p.name for p in parameters]
    if "state" in names:
        words = words_function(function)
        count = words(*(scalars[p.name] for p in signature_of(words).parameters))
        arguments[names.index("state")] = np.zeros(count)
    return arguments, scalars


def _array(parameter: Parameter, src: Array) -> Any:
    match parameter.kind, parameter.name:
        case Kind.LONG_IN, _:
            return np.arange(len(src))
        case Kind.IN, "volume":
            return np.full(len(src), 5.0)
        case Kind.IN, "y":
            return np.random.default_rng(1).random(len(src))
        case Kind.IN, _:
            return src.copy()
        case _:
            return np.zeros(len(src))


def outputs(name: str, arguments: list[Any]) -> list[Array]:
    """Return a kernel's outputs; check that they have the same bits on every engine."""
    function = kernels()[name]
    signature = signature_of(function)
    runs = []
    for engine in all_engines().values():
        own = copied(arguments)
        assert engine(function, own) == BARS
        runs.append(own)
    assert len(runs) == 3
    for other in runs[1:]:
        assert difference(signature, runs[0], other) is None
    return [a for p, a in zip(signature.parameters, runs[0], strict=True) if p.kind is Kind.OUT]
