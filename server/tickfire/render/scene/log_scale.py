"""The log scale, as in ``client_js/src/chart/log-scale.ts`` and ``log-ticks.ts``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np

from tickfire.kernels import native
from tickfire.render.scene.ticks import power_of_ten, price_step, price_ticks

EVEN_UP_TO: Final = 2
"""Up to this ratio of the highest to the lowest price, a log scale has even steps."""
_MARKS: Final = (1, 2, 5, 10)
"""Marks within a decade: between two of them, steps are even."""
_STEPS: Final = (1, 2, 2.5, 5)
_LN10: Final = math.log(10)
_LN2: Final = math.log(2)


@dataclass(frozen=True, slots=True)
class LogMapping:
    """Equal ratios of prices at even distances; `base` is the logarithm of a price in units.

    Logarithms are those of the kernel, whose bits are the same here and in all browsers.
    """

    base: float
    kind: Literal["log"] = "log"

    @classmethod
    def around(cls, units: float) -> LogMapping:
        """Return the mapping whose base is a price in units, above 0."""
        return cls(float(_logarithms(units)))

    def to_position(self, units: Any) -> Any:
        """Return logarithms; -inf for prices of 0 and below."""
        return _logarithms(units)

    def to_units(self, position: float) -> float:
        """Return the price at a position."""
        return math.exp(position)

    def ticks(self, bottom: float, top: float, gap: float, tick: float) -> list[float]:
        """Return even steps, steps within the segments of a decade, or powers of ten."""
        if top / bottom <= EVEN_UP_TO:
            return price_ticks(bottom, top, price_step(-top * math.expm1(-gap), tick))
        decades = max(math.ceil(gap / _LN10), 1)
        power = max(math.floor(math.log10(bottom) / decades) * decades, 0)
        found: list[float] = []
        while power_of_ten(power) <= top:
            decade = power_of_ten(power)
            found += [decade] if gap > _LN2 else _decade_ticks(decade, gap, tick)
            power += decades
        return [price for price in found if bottom <= price <= top]


def _logarithms(units: Any) -> Any:
    values = np.atleast_1d(np.asarray(units, np.float64))
    found = native.logarithms(np.maximum(values, 0.0))
    return found if np.ndim(units) else float(found[0])


def _decade_ticks(decade: float, gap: float, tick: float) -> Iterator[float]:
    """Yield the prices from `decade` on, up to ten times of it, that are whole price steps."""
    for first, last in pairwise(_MARKS):
        start, end = first * decade, last * decade
        step = _even_step(start, end, gap, tick)
        price = start
        while price < end:
            if price % tick == 0:
                yield price
            price += step


def _even_step(start: float, end: float, gap: float, tick: float) -> float:
    """Return the least round step that divides a segment and leaves a gap at its upper end."""
    least = -end * math.expm1(-gap)
    power = power_of_ten(math.floor(math.log10(least)))
    for size in (power, 10 * power):
        for mantissa in _STEPS:
            step = mantissa * size
            is_whole = float(step).is_integer() and step % tick == 0
            if step >= least and is_whole and start % step == 0 and end % step == 0:
                return step
    return end - start
