"""Notional, the sum of price times size, in two columns, so that sums over any bars are exact.

A notional needs up to 100 bits: it is ``high * 2**48 + low``, where ``0 <= low < 2**48``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LOW_BITS: Final = 48
_HALF_BITS: Final = LOW_BITS // 2
_DIGIT_BITS: Final = 12
_LOW: Final = (1 << LOW_BITS) - 1
_HALF: Final = (1 << _HALF_BITS) - 1
_DIGIT: Final = (1 << _DIGIT_BITS) - 1

type Column = NDArray[np.int64]


def parts_of(notional: int) -> tuple[int, int]:
    """Return the high and the low part of a notional.

    >>> parts_of(-3)
    (-1, 281474976710653)
    """
    return divmod(notional, 1 << LOW_BITS)


def notionals(vwap: Column, volume: Column) -> tuple[Column, Column]:
    """Return the high and the low parts of notionals; volumes must be below 2**48."""
    price_high, price_low = vwap >> _HALF_BITS, vwap & _HALF
    volume_high, volume_low = volume >> _HALF_BITS, volume & _HALF
    middle = price_low * volume_high + price_high * volume_low
    high = price_high * volume_high + (middle >> _HALF_BITS)
    return carried(high, price_low * volume_low + ((middle & _HALF) << _HALF_BITS))


def carried(high: Column, low: Column) -> tuple[Column, Column]:
    """Return parts that were summed apart, with what exceeds the low part carried to the high."""
    return high + (low >> LOW_BITS), low & _LOW


def vwaps(high: Column, low: Column, volume: Column) -> Column:
    """Return notionals divided by volumes, rounded half up; volumes must be 1 to 2**50.

    The division is long division by digits of 12 bits.
    """
    quotient, rest = high // volume, high % volume
    for shift in range(LOW_BITS - _DIGIT_BITS, -1, -_DIGIT_BITS):
        rest = (rest << _DIGIT_BITS) | ((low >> shift) & _DIGIT)
        quotient = (quotient << _DIGIT_BITS) + rest // volume
        rest %= volume
    rounded: Column = quotient + (2 * rest >= volume)
    return rounded
