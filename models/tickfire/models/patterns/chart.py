"""`ChartPatterns`: all chart patterns over closed bars, live or past."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from tickfire.models.patterns.shapes import LONGEST, Point, Shape, shapes
from tickfire.models.patterns.swings import Swing, SwingFinder

__all__ = ["CHART_MEANINGS", "ChartPattern", "ChartPatterns"]

LEAST_QUALITY: Final = 0.25
"""Patterns that fit their definition less are not reported."""
LARGEST: Final = 1e100
CHART_MEANINGS: Final = {
    "double_top": "Two highs at one price, and a close below the low between them.",
    "double_bottom": "Two lows at one price, and a close above the high between them.",
    "head_and_shoulders": "A high between two lower ones, and a close below the neckline.",
    "inverse_head_and_shoulders": "A low between two higher ones, a close above the neckline.",
    "ascending_triangle": "Level highs over rising lows, and a close beyond one side.",
    "descending_triangle": "Level lows under falling highs, and a close beyond one side.",
    "symmetrical_triangle": "Falling highs over rising lows, and a close beyond one side.",
    "bull_flag": "A steep rise, a rest within half of it, and a close above the rest.",
    "bear_flag": "A steep fall, a rest within half of it, and a close below the rest.",
    "range_breakout": "Turned at the same two prices again and again, and closed beyond.",
}


class ChartPattern(NamedTuple):
    """A completed chart pattern.

    Attributes
    ----------
    name : str
        A key of `CHART_MEANINGS`.
    direction : str
        ``"up"`` or ``"down"``, where the price left the pattern.
    quality : float
        Fit of the swings to the definition, 0 to 1; it predicts nothing.
    bars : int
        Number of bars from the first swing to the bar that completed the pattern, inclusive.
    points : tuple of (int, float)
        Swings, oldest first, each as a number of bars ago and a price.
    """

    name: str
    direction: str
    quality: float
    bars: int
    points: tuple[Point, ...]


class ChartPatterns:
    """All chart patterns over one series of bars."""

    def __init__(self) -> None:
        self._finder = SwingFinder()
        self._swings: deque[Swing] = deque(maxlen=LONGEST)
        self._waiting: list[Shape] = []

    @property
    def swings(self) -> tuple[Swing, ...]:
        """The latest swings, newest last."""
        return tuple(self._swings)

    def push(self, high: float, low: float, close: float) -> list[ChartPattern]:
        """Take a closed bar; return the patterns that it completes, the best first.

        A bar with a price that is not finite, or beyond 1e100, is skipped.
        """
        if not (abs(high) <= LARGEST and abs(low) <= LARGEST and abs(close) <= LARGEST):
            return []
        swing = self._finder.push(high, low, close)
        bar = self._finder.bars - 1
        if swing is not None:
            self._swings.append(swing)
            # A shape of older swings ends at a newer swing, with which it would overlap.
            self._waiting = [shape for shape in shapes(self._swings) if _counts(shape, bar, close)]
        complete = [shape for shape in self._waiting if shape.is_complete(bar, close)]
        done = {shape.name for shape in complete}
        self._waiting = [
            shape
            for shape in self._waiting
            if shape.name not in done and not shape.is_over(bar, close)
        ]
        return sorted((_pattern(shape, bar) for shape in complete), key=lambda one: -one.quality)


def _counts(shape: Shape, bar: int, close: float) -> bool:
    """Return whether to wait for a shape whose last swing was confirmed by this bar."""
    left = shape.is_complete(bar, close) or shape.is_over(bar, close)
    return shape.quality >= LEAST_QUALITY and not (shape.is_rest and left)


def _pattern(shape: Shape, bar: int) -> ChartPattern:
    return ChartPattern(
        shape.name,
        "up" if shape.rises else "down",
        shape.quality,
        bar - shape.points[0][0] + 1,
        tuple((bar - at, price) for at, price in shape.points),
    )
