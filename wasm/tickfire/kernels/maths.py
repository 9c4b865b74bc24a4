"""exp, log and pow without a C library, with the same bits on every engine.

Functions of C libraries differ in the last bit from version to version, so none is called. These
use the classical range reductions with plain series, and Knuth's exact sums and Dekker's exact
products where one double is not enough. Results are within one unit in the last place.
"""

from __future__ import annotations

import math
from typing import Final

from tickfire.kernels.guard import NAN
from tickfire.kernels.portable import WRONG_LENGTH, In, Out, portable

INFINITY: Final = math.inf

LN2_HIGH: Final = 0.6931471803691238
"""First 32 bits of ln 2, whose product with an exponent is exact."""
LN2_LOW: Final = 1.9082149292705877e-10
PER_LN2: Final = 1.4426950408889634
SQRT2: Final = 1.4142135623730951

OVERFLOW: Final = 709.782712893384
UNDERFLOW: Final = -745.1332191019412
HUGE_EXPONENT: Final = 1e20
"""Exponent beyond which every power but that of 1 overflows or underflows."""

SMALLEST_NORMAL: Final = 2.2250738585072014e-308
TWO_54: Final = 18014398509481984.0
TWO_1022: Final = 4.49423283715579e307
TWO_53: Final = 9007199254740992.0
SPLITTER: Final = 134217729.0
"""2**27 + 1, which splits a double into halves whose products are exact."""


@portable
def exponentials(src: In, out: Out) -> int:
    """Compute e to the power of each element."""
    if len(out) != len(src):
        return WRONG_LENGTH
    for i in range(len(src)):
        out[i] = exp(src[i])
    return len(src)


@portable
def logarithms(src: In, out: Out) -> int:
    """Compute the natural logarithm of each element; NaN of negative numbers."""
    if len(out) != len(src):
        return WRONG_LENGTH
    for i in range(len(src)):
        out[i] = log(src[i])
    return len(src)


@portable
def powers(src: In, exponent: In, out: Out) -> int:
    """Raise each element to its exponent, with the special cases of IEEE 754."""
    if len(out) != len(src) or len(exponent) != len(src):
        return WRONG_LENGTH
    for i in range(len(src)):
        out[i] = power(src[i], exponent[i])
    return len(src)


def exp(x: float) -> float:
    """Return e**x."""
    return x if x != x else exp_sum(x, 0.0)


def exp_sum(x: float, small: float) -> float:
    """Return e**(x + small), where small is below the last place of x."""
    if x > OVERFLOW + 1.0:
        return INFINITY
    if x < UNDERFLOW - 1.0:
        return 0.0
    k = int(x * PER_LN2 + (0.5 if x >= 0.0 else -0.5))
    high = x - float(k) * LN2_HIGH
    low = float(k) * LN2_LOW - small
    r = high - low
    rest = (high - r) - low
    y = 1.0 + (r + (rest + (r * rest + r * r * exp_series(r))))
    half = k >> 1
    f = two_to(half)
    if k & 1:
        y *= 2.0
    return y * f * f


def exp_series(r: float) -> float:
    """Return (e**r - 1 - r) / r**2 for |r| < 0.35: Taylor's series, within 2**-57."""
    q = 1.0 / 6227020800.0
    q = 1.0 / 479001600.0 + r * q
    q = 1.0 / 39916800.0 + r * q
    q = 1.0 / 3628800.0 + r * q
    q = 1.0 / 362880.0 + r * q
    q = 1.0 / 40320.0 + r * q
    q = 1.0 / 5040.0 + r * q
    q = 1.0 / 720.0 + r * q
    q = 1.0 / 120.0 + r * q
    q = 1.0 / 24.0 + r * q
    q = 1.0 / 6.0 + r * q
    return 0.5 + r * q


def two_to(k: int) -> float:
    """Return 2**k, exact for |k| < 1023."""
    b = 2.0 if k >= 0 else 0.5
    left = k if k >= 0 else -k
    f = 1.0
    while left > 0:
        if left & 1:
            f *= b
        b *= b
        left >>= 1
    return f


def log(x: float) -> float:
    """Return the natural logarithm; NaN of negative numbers, -infinity of zero."""
    if x != x or x < 0.0:
        return NAN
    if x == 0.0:
        return -INFINITY
    if x == INFINITY:
        return x
    m, e = normalised(x)
    f = m - 1.0
    s = f / (2.0 + f)
    tail = log_series(s * s, 2.0 / 3.0)
    half = 0.5 * f * f
    return e * LN2_HIGH - ((half - (s * (half + s * s * tail) + e * LN2_LOW)) - f)


def log_series(z: float, first: float) -> float:
    """Return first + 2 z / 5 + 2 z**2 / 7 ...: the series of log((1 + s) / (1 - s)), z = s**2."""
    q = 2.0 / 23.0
    q = 2.0 / 21.0 + z * q
    q = 2.0 / 19.0 + z * q
    q = 2.0 / 17.0 + z * q
    q = 2.0 / 15.0 + z * q
    q = 2.0 / 13.0 + z * q
    q = 2.0 / 11.0 + z * q
    q = 2.0 / 9.0 + z * q
    q = 2.0 / 7.0 + z * q
    q = 2.0 / 5.0 + z * q
    return first + z * q


def normalised(x: float) -> tuple[float, float]:
    """Split a finite x > 0 into m and e, x = m * 2**e with sqrt(1/2) <= m <= sqrt(2)."""
    e = 0.0
    if 1.0 / SQRT2 < x < SQRT2:  # shortcut for ratios of prices, which are near 1
        return x, e
    if x < SMALLEST_NORMAL:
        x *= TWO_54
        e -= 54.0
    if x < 1.0:
        x *= TWO_1022
        e -= 1022.0
    x, e = shed(x, e, 1.3407807929942597e154, 512.0)
    x, e = shed(x, e, 1.157920892373162e77, 256.0)
    x, e = shed(x, e, 3.402823669209385e38, 128.0)
    x, e = shed(x, e, 18446744073709551616.0, 64.0)
    x, e = shed(x, e, 4294967296.0, 32.0)
    x, e = shed(x, e, 65536.0, 16.0)
    x, e = shed(x, e, 256.0, 8.0)
    x, e = shed(x, e, 16.0, 4.0)
    x, e = shed(x, e, 4.0, 2.0)
    x, e = shed(x, e, 2.0, 1.0)
    x, e = shed(x, e, SQRT2, 1.0)
    return x, e


def shed(x: float, e: float, bound: float, steps: float) -> tuple[float, float]:
    """Divide x by 2**steps and add steps to e, if x has reached the bound."""
    if x < bound:
        return x, e
    return x * (1.0 / bound if bound > 2.0 else 0.5), e + steps


def power(x: float, y: float) -> float:
    """Return x**y."""
    if y == 0.0 or x == 1.0:
        return 1.0
    if x != x or y != y:
        return NAN
    odd = is_odd(y)
    size = abs(x)
    if x < 0.0 and not is_whole(y) and abs(x) != INFINITY:
        return NAN
    if size == 1.0:
        return -1.0 if odd else 1.0
    negative = odd and (x < 0.0 or (x == 0.0 and is_negative_zero(x)))
    value = magnitude(size, y)
    return -value if negative else value


def magnitude(x: float, y: float) -> float:
    """Return x**y for x >= 0, x != 1."""
    if x == 0.0 or x == INFINITY or abs(y) > HUGE_EXPONENT:
        return INFINITY if (x > 1.0) == (y > 0.0) else 0.0
    high, low = log_pair(x)
    product, rest = exact_product(y, high)
    return exp_sum(product, rest + y * low)


def is_whole(y: float) -> bool:
    """Return whether a number has no fraction."""
    return abs(y) >= TWO_53 or float(int(y)) == y


def is_odd(y: float) -> bool:
    """Return whether a number is an odd integer."""
    return abs(y) < TWO_53 and float(int(y)) == y and int(y) & 1 == 1


def is_negative_zero(x: float) -> bool:
    """Return whether a zero is the negative one."""
    return math.copysign(1.0, x) < 0.0


def log_pair(x: float) -> tuple[float, float]:
    """Return the natural logarithm of a finite x > 0 as a sum of two doubles."""
    m, e = normalised(x)
    f = m - 1.0
    below, below_rest = exact_sum(2.0, f)
    s = f / below
    back, back_rest = exact_product(s, below)
    s_rest = (((f - back) - back_rest) - s * below_rest) / below
    z, z_rest = exact_product(s, s)
    z_rest += 2.0 * s * s_rest
    cube, cube_rest = exact_product(s, z)
    cube_rest += s * z_rest + s_rest * z
    # 2 s and 2/3 s**3 in two doubles each, the remaining terms in one.
    third, third_rest = exact_product(2.0 / 3.0, cube)
    third_rest += 2.0 / 3.0 * cube_rest + TWO_THIRDS_REST * cube
    tail = cube * z * log_series_rest(z)
    high, rest = exact_sum(2.0 * s, third)
    rest += 2.0 * s_rest + third_rest + tail
    high, rest = exact_sum(high, rest)
    total, total_rest = exact_sum(e * LN2_HIGH, high)
    return exact_sum(total, total_rest + (rest + e * LN2_LOW))


TWO_THIRDS_REST: Final = 3.700743415417188e-17
"""Difference of 2/3 and its nearest double."""


def log_series_rest(z: float) -> float:
    """Return 2/5 + 2 z / 7 + ...: `log_series` after its first term."""
    return log_series(z, 0.0) / z if z > 0.0 else 0.4


def exact_sum(a: float, b: float) -> tuple[float, float]:
    """Return a + b rounded, and the rounding error (Knuth)."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def exact_product(a: float, b: float) -> tuple[float, float]:
    """Return a * b rounded, and the rounding error (Dekker); for magnitudes up to 1e290."""
    p = a * b
    c = SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    rest = ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low
    return p, rest
