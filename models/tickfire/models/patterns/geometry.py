"""Lines through swings, and measures of how well shapes fit their definitions. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple


class Line(NamedTuple):
    """A straight line over bars."""

    bar: float
    price: float
    slope: float

    @classmethod
    def through(cls, a: tuple[float, float], b: tuple[float, float]) -> Line:
        """Return the line through two points (bar, price) with different bars."""
        return cls(a[0], a[1], (b[1] - a[1]) / (b[0] - a[0]))

    def at(self, bar: float) -> float:
        """Return the price of the line at a bar."""
        return self.price + self.slope * (bar - self.bar)


def alike(a: float, b: float, tolerance: float) -> float:
    """Return 1 for equal numbers, falling to 0 where they differ by the tolerance or more."""
    return max(0.0, 1.0 - abs(a - b) / tolerance) if tolerance > 0.0 else 0.0


def at_least(x: float, wanted: float) -> float:
    """Return 1 if a number reaches what is wanted, else their ratio, and 0 for a negative one."""
    return min(1.0, max(0.0, x / wanted)) if wanted > 0.0 else 0.0


def quality(*parts: float) -> float:
    """Return the geometric mean of parts from 0 to 1, so that a part of 0 makes it 0."""
    return math.prod(parts) ** (1.0 / len(parts))
