"""Arithmetic that is defined for every input, and alike on every machine.

Plain Python raises where machines give infinities, so nothing here or in the families divides by
zero, takes the root of less than zero, or makes an integer of an unchecked float. There is one
rule for what is no number: an element with an input that is NaN, infinite or beyond `LARGEST`
gives NaN and leaves the state as it was, as if it were not there.
"""

from __future__ import annotations

import math
from typing import Final

from tickfire.kernels.portable import Floats, Out

NAN: Final = math.nan

LARGEST: Final = 1e100
"""Beyond it a number counts as infinite: squares and sums of all others stay finite."""

MAX_PERIOD: Final = 1_048_576

MAX_TIME: Final = 4_611_686_018_427_387_904
"""2**62 ns after the epoch, in 2116: times up to it can be subtracted without overflow."""


def sound(x: float) -> bool:
    """Return whether a number may enter a calculation."""
    return -LARGEST <= x <= LARGEST


def timely(ns: int) -> bool:
    """Return whether a time may enter a calculation."""
    return 0 <= ns <= MAX_TIME


def usable(period: int) -> bool:
    """Return whether a period is at least one and not absurd."""
    return 1 <= period <= MAX_PERIOD


def room(period: int) -> int:
    """Return the words that a ring of one word per step takes; none where nothing is computed."""
    return period if usable(period) else 0


def blank(out: Out) -> int:
    """Fill a result with NaN; return its length."""
    for i in range(len(out)):
        out[i] = NAN
    return len(out)


def ratio(a: float, b: float, otherwise: float) -> float:
    """Divide, or return something else where the divisor is zero."""
    return otherwise if b == 0.0 else a / b


def root(x: float) -> float:
    """Return the square root; 0 below zero, where only rounding can have led."""
    return math.sqrt(x) if x > 0.0 else (0.0 if x <= 0.0 else NAN)


def larger(a: float, b: float) -> float:
    """Return the larger of two numbers, the first if they are equal."""
    return b if b > a else a


def smaller(a: float, b: float) -> float:
    """Return the smaller of two numbers, the first if they are equal."""
    return b if b < a else a


def exceeds(a: float, b: float) -> float:
    """Return 1 if a is above b, else 0: a choice without a branch, for unpredictable data."""
    return 0.5 - 0.5 * math.copysign(1.0, b - a)


def sign(a: float, b: float) -> float:
    """Return 1 if a is above b, -1 if below, else 0; without a branch."""
    return float(int(a > b) - int(a < b))


def slot(at: float, p: float) -> float:
    """Return a ring's position, or 0 if a state of another period has one out of the ring."""
    return at if 0.0 <= at < p else 0.0


HALF_LONG: Final = 2_147_483_648.0
"""2**31: a time is kept in two words, each exact."""


def keep_long(s: Floats, b: int, value: int) -> None:
    """Keep an int64 within `MAX_TIME` in two words of a state."""
    high = value >> 31
    s[b] = float(high)
    s[b + 1] = float(value - (high << 31))


def kept_long(s: Floats, b: int) -> int:
    """Return what `keep_long` kept."""
    high = s[b]
    low = s[b + 1]
    if -HALF_LONG < high <= HALF_LONG and 0.0 <= low < HALF_LONG:
        return (int(high) << 31) + int(low)
    return 0
