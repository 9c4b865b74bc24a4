"""Arithmetic that is defined for every input and equal on every engine.

Plain Python raises an exception where compiled code gives an infinity, so no kernel divides by
zero, takes the root of a negative number, or converts an unchecked float to an integer. One rule
covers unusable inputs: an element that is NaN, infinite or beyond `LARGEST` gives NaN and leaves
the state unchanged, as if the element were absent.
"""

from __future__ import annotations

import math
from typing import Final

from tickfire.kernels.portable import Floats, Out

NAN: Final = math.nan

LARGEST: Final = 1e100
"""Largest usable magnitude; squares and sums of smaller numbers stay finite."""

MAX_PERIOD: Final = 1_048_576

MAX_TIME: Final = 4_611_686_018_427_387_904
"""2**62 ns after the epoch, in 2116: differences of earlier times do not overflow."""


def sound(x: float) -> bool:
    """Return whether a number is finite and at most `LARGEST` in magnitude."""
    return -LARGEST <= x <= LARGEST


def timely(ns: int) -> bool:
    """Return whether a time is between 0 and `MAX_TIME`."""
    return 0 <= ns <= MAX_TIME


def usable(period: int) -> bool:
    """Return whether a period is between 1 and `MAX_PERIOD`."""
    return 1 <= period <= MAX_PERIOD


def room(period: int) -> int:
    """Return the length of a ring of one word per step; 0 for an unusable period."""
    return period if usable(period) else 0


def blank(out: Out) -> int:
    """Fill a result with NaN; return its length."""
    for i in range(len(out)):
        out[i] = NAN
    return len(out)


def ratio(a: float, b: float, otherwise: float) -> float:
    """Return a / b, or `otherwise` if b is 0."""
    return otherwise if b == 0.0 else a / b


def root(x: float) -> float:
    """Return the square root; 0 for negative numbers, which only rounding produces."""
    return math.sqrt(x) if x > 0.0 else (0.0 if x <= 0.0 else NAN)


def larger(a: float, b: float) -> float:
    """Return the larger of two numbers, the first if they are equal."""
    return b if b > a else a


def smaller(a: float, b: float) -> float:
    """Return the smaller of two numbers, the first if they are equal."""
    return b if b < a else a


def exceeds(a: float, b: float) -> float:
    """Return 1 if a > b, else 0, without a branch, which random data would mispredict."""
    return 0.5 - 0.5 * math.copysign(1.0, b - a)


def sign(a: float, b: float) -> float:
    """Return 1 if a > b, -1 if a < b, else 0, without a branch."""
    return float(int(a > b) - int(a < b))


def slot(at: float, p: float) -> float:
    """Return a ring's index, or 0 if it is out of range, as in a state of another period."""
    return at if 0.0 <= at < p else 0.0


HALF_LONG: Final = 2_147_483_648.0
"""2**31: a time is stored as two halves, each of which is exact as a float64."""


def keep_long(s: Floats, b: int, value: int) -> None:
    """Store an int64 of at most `MAX_TIME` in two words of a state."""
    high = value >> 31
    s[b] = float(high)
    s[b + 1] = float(value - (high << 31))


def kept_long(s: Floats, b: int) -> int:
    """Return the int64 that `keep_long` stored, or 0 if the words hold none."""
    high = s[b]
    low = s[b + 1]
    if -HALF_LONG < high <= HALF_LONG and 0.0 <= low < HALF_LONG:
        return (int(high) << 31) + int(low)
    return 0
