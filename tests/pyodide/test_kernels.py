"""The wheel outside a browser: native's bits, by the kernels' plain source."""

from __future__ import annotations

from array import array
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.kernels.cases import EXAMPLES, cases
from tests.support.kernels.engines import difference, run_native
from tickfire.kernels import native
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import WORDS_SUFFIX, WRONG_LENGTH, Kind, signature_of

CLOSE = (100.0 + np.cumsum(np.random.default_rng(1).standard_normal(60))).tolist()
COMPUTING = {n: f for n, f in kernels().items() if not n.endswith(WORDS_SUFFIX)}
OWN = (Kind.STATE, Kind.OUT, Kind.LONG_OUT)


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_every_kernel_gives_the_bits_of_native(package: ModuleType, name: str) -> None:
    function = COMPUTING[name]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        compare(package, function, data.draw(cases(function)))

    check()


def compare(package: ModuleType, function: FunctionType, arguments: list[Any]) -> None:
    signature = signature_of(function)
    kernel = getattr(package, function.__name__)
    given = {
        p.name: _portable(p.kind, value)
        for p, value in zip(signature.parameters, arguments, strict=True)
        if p.kind not in OWN
    }
    result = run_native(function, arguments)
    if result == WRONG_LENGTH:
        with pytest.raises(ValueError, match="the arrays differ in length"):
            kernel(**given)
        return
    made = kernel(**given)
    outs = signature.of(Kind.OUT, Kind.LONG_OUT)
    if not outs:
        assert made == result
        made = ()
    given |= dict(zip((p.name for p in outs), made if len(outs) > 1 else (made,), strict=False))
    after = [
        np.array(given[p.name]) if p.kind.is_array and p.name in given else value
        for p, value in zip(signature.parameters, arguments, strict=True)
    ]
    assert difference(signature, after, arguments) is None


def _portable(kind: Kind, value: Any) -> Any:
    """Give stores as arrays, which are written to; inputs as lists."""
    if not kind.is_array:
        return value
    if kind in (Kind.STORE, Kind.LONG_STORE):
        return array("q" if kind.is_long else "d", value.tolist())
    return value.tolist()


def test_the_face_is_that_of_native(package: ModuleType) -> None:
    bands = package.bollinger(CLOSE, period=20, width=2.0)
    assert bands._fields == ("middle", "upper", "lower")
    live, running = native.macd.start(fast=3, slow=6, signal=4), None
    running = package.macd.start(fast=3, slow=6, signal=4)
    for piece in (CLOSE[:10], CLOSE[10], CLOSE[11:]):
        for theirs, ours in zip(live.push(piece), running.push(piece), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert list(running.peek(5.0).line) == list(live.peek(5.0).line)
    assert list(running.peek(5.0).line) == list(running.peek(5.0).line)


def test_takes_whatever_holds_numbers(package: ModuleType) -> None:
    expected = native.ema(CLOSE, 5).tolist()[4:]
    sources: list[Any] = [
        CLOSE,
        tuple(CLOSE),
        array("d", CLOSE),
        memoryview(array("d", CLOSE)),
        np.array(CLOSE),
        np.repeat(CLOSE, 2)[::2],
        package.Series("d", CLOSE),
        iter(CLOSE),
    ]
    for source in sources:
        assert package.ema(source, 5).tolist()[4:] == expected
    assert package.sma([1, 2, 3], 3)[-1] == 2.0
    assert package.sma(range(4), 3).tolist()[2:] == [1.0, 2.0]
    assert package.sma([1.0, None, 3.0], 2)[-1] == 2.0
    assert len(package.sma([], 2)) == 0


def test_wrong_use_is_told_in_words(package: ModuleType) -> None:
    wrong: list[tuple[type[Exception], str, Any]] = [
        (ValueError, "atr: the arrays differ", lambda k: k.atr(CLOSE, CLOSE[1:], CLOSE, 14)),
        (TypeError, "sma needs period", lambda k: k.sma(CLOSE)),
        (TypeError, "sma takes no other length", lambda k: k.sma(CLOSE, 3, length=3)),
        (TypeError, "sma takes src, period", lambda k: k.sma(CLOSE, 3, 4)),
        (ValueError, "sma: period is 4294967310, beyond int32", lambda k: k.sma(CLOSE, 2**32 + 14)),
        (TypeError, "sma: src must be numbers, not str", lambda k: k.sma("12", 3)),
        (TypeError, "sma: src must be numbers, one after another", lambda k: k.sma([[1.0]], 3)),
        (TypeError, "sma: src must be numbers, one after", lambda k: k.sma(np.ones((2, 2)), 3)),
        (TypeError, "sma: src must be numbers, one after another", lambda k: k.sma(None, 3)),
        (TypeError, "sma: period must be a number", lambda k: k.sma(CLOSE, None)),
        (TypeError, "sma: period must be a number", lambda k: k.sma(CLOSE, float("nan"))),
        (TypeError, "ts must be integers", lambda k: k.vwap([0.5], [1.0], [1.0], 1, 0)),
        (ValueError, "ts has a number beyond int64", lambda k: k.vwap([2**63], [1.0], [1.0], 1, 0)),
        (
            TypeError,
            "volume_profile: profile must be an array of type code d",
            lambda k: k.volume_profile(CLOSE, CLOSE, 0.0, 1.0, [0.0]),
        ),
    ]  # fmt: skip
    for error, words, use in wrong:
        with pytest.raises(error, match=words):
            use(package)


@pytest.mark.parametrize("period", [0, -1, 1_048_577, 61])
def test_periods_out_of_reach_give_nothing(package: ModuleType, period: int) -> None:
    assert all(x != x for x in package.sma(CLOSE, period))


def test_series_compute_as_numpy_does(package: ModuleType) -> None:
    a = np.array([1.5, -0.0, 0.0, np.nan, np.inf, 3.0, -2.0])
    b = np.array([0.0, 0.0, -0.0, 1.0, -np.inf, 7.0, -0.0])
    x, y = package.Series("d", a), package.Series("d", b)
    with np.errstate(all="ignore"):
        pairs = [
            (x + y, a + b),
            (x - y, a - b),
            (x * y, a * b),
            (x / y, a / b),
            (2 - x, 2 - a),
            (1 / x, 1 / a),
            (-x, -a),
            (abs(x), abs(a)),
            (a.tolist() + x, a + a),
        ]
    for ours, theirs in pairs:
        assert isinstance(ours, package.Series)
        np.testing.assert_array_equal(np.array(ours), theirs)
        known = ~np.isnan(theirs)
        np.testing.assert_array_equal(np.signbit(ours)[known], np.signbit(theirs)[known])
    with pytest.raises(ValueError, match="series of 7 and 1 values do not fit"):
        _ = x + array("d", [1.0])
