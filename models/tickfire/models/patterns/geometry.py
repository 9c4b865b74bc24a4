"""Lines through swings, and how well a shape fits its definition. Pure."""

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
        """Return the line through two points (bar, price) of different bars."""
        return cls(a[0], a[1], (b[1] - a[1]) / (b[0] - a[0]))

    def at(self, bar: float) -> float:
        """Return the price of the line at a bar."""
        return self.price + self.slope * (bar - self.bar)


def alike(a: float, b: float, tolerance: float) -> float:
    """Return 1 where two numbers are equal, 0 where they differ by the tolerance or more."""
    return max(0.0, 1.0 - abs(a - b) / tolerance) if tolerance > 0.0 else 0.0


def at_least(x: float, wanted: float) -> float:
    """Return 1 where a number reaches what is wanted, less in proportion, 0 if it is negative."""
    return min(1.0, max(0.0, x / wanted)) if wanted > 0.0 else 0.0


def quality(*parts: float) -> float:
    """Return the geometric mean of parts from 0 to 1: none makes up for another that is 0."""
    return math.prod(parts) ** (1.0 / len(parts))
