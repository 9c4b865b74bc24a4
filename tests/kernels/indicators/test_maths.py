"""exp, log and pow: within one unit in the last place, and every special case of IEEE 754."""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.kernels.cases import quick
from tickfire.kernels.maths import exp, log, power

WIDE = Context(prec=60, Emin=-99_999, Emax=99_999)
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, math.inf, -math.inf, math.nan]
SPECIAL += [1e300, -1e300, 1e20, 1e21, 2.0**53, 2.0**53 - 1.0, 5e-324, -5e-324, 1e-308]
POSITIVE = st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False)
NEAR_ONE = st.floats(0.5, 2.0)


def apart(value: float, true: Decimal) -> float:
    """Return the distance in units in the last place of the value."""
    if math.isinf(value) or value == 0.0:
        return 0.0 if float(true) == value else math.inf
    return float(abs(Decimal(value) - true) / Decimal(math.ulp(value)))


@quick
@given(st.one_of(st.floats(-745.0, 709.7), st.floats(-1.0, 1.0)))
def test_exp_is_within_one_unit(x: float) -> None:
    with localcontext(WIDE):
        assert apart(exp(x), Decimal(x).exp()) < 1.0


@quick
@given(st.one_of(POSITIVE, NEAR_ONE))
def test_log_is_within_one_unit(x: float) -> None:
    with localcontext(WIDE):
        assert apart(log(x), Decimal(x).ln()) < 1.0


@quick
@given(st.one_of(POSITIVE, NEAR_ONE), st.one_of(st.floats(-30.0, 30.0), st.integers(-40, 40)))
def test_power_is_within_one_unit(x: float, y: float) -> None:
    with localcontext(WIDE):
        true = (Decimal(y) * Decimal(x).ln()).exp()
        assert apart(power(x, float(y)), true) < 1.0


@pytest.mark.parametrize("x", SPECIAL)
@pytest.mark.parametrize("y", SPECIAL)
def test_power_has_the_special_cases(x: float, y: float) -> None:
    value, expected = power(x, y), ieee_pow(x, y)
    assert value == pytest.approx(expected, rel=1e-15, nan_ok=True)
    assert math.copysign(1.0, value) == math.copysign(1.0, expected) or math.isnan(expected)


def ieee_pow(x: float, y: float) -> float:
    """Return pow of the C library, its errors as the values that the standard gives."""
    odd = math.isfinite(y) and y % 2.0 == 1.0
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0.0 and odd else math.inf
    except ValueError:  # a pole, or a negative base without a whole exponent
        if x == 0.0:
            return math.copysign(math.inf, x) if odd else math.inf
        return math.nan


def test_the_ends_of_the_line() -> None:
    assert exp(math.inf) == math.inf
    assert exp(-math.inf) == 0.0
    assert exp(710.0) == math.inf
    assert exp(-746.0) == 0.0
    assert log(0.0) == -math.inf
    assert log(math.inf) == math.inf
    assert math.isnan(log(-1.0)) and math.isnan(log(math.nan)) and math.isnan(exp(math.nan))
    assert (exp(0.0), log(1.0)) == (1.0, 0.0)
