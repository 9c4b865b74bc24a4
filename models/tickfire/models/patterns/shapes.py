"""Shapes of chart patterns: geometric definitions over swings, each with a quality. Pure.

They are defined for shapes whose last swing is a high. For a low, prices are negated, and names and
directions are turned over. A shape is found when its last swing is confirmed, and is complete when
a bar closes beyond its trigger line while the shape still holds.

================  ==============================================================================
double top        low, high, low, high: both highs equal, after a rise at least as high as the
                  pattern; complete below the low between
head and          low, high, low, high, low, high: the middle high above both shoulders, these
shoulders         and the lows between equal; complete below the line through these lows
triangle          two highs and two lows that converge: one side level (ascending, descending),
                  or neither (symmetrical); complete beyond either line, before they meet
flag              a steep pole, then two highs and two lows back within half of it between
                  parallel lines; complete beyond the line on the side of the pole
range breakout    three highs at one price, the lows between at another; complete beyond either
================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tickfire.models.patterns.geometry import Line, alike, at_least, quality
from tickfire.models.patterns.swings import Swing

LONGEST: Final = 6
"""Maximum number of swings in a shape."""
EQUAL: Final = 0.3
"""Prices are equal within this part of a pattern's height."""
HEAD: Final = 0.2
"""A head stands above the shoulders by at least this part of the height."""
TILT: Final = 0.4
"""The lows beside a head differ by less than this part of the height."""
CONVERGES: Final = 0.2
"""A side of a triangle that is not level moves by at least this part of the height."""
RETRACED: Final = 0.5
"""A flag gives back at most this part of its pole."""
POLE_STEEPNESS: Final = 2.0
"""A pole rises at least this many times as fast as its flag falls."""

NAMES: Final = {
    "double_top": "double_bottom",
    "head_and_shoulders": "inverse_head_and_shoulders",
    "ascending_triangle": "descending_triangle",
    "descending_triangle": "ascending_triangle",
    "symmetrical_triangle": "symmetrical_triangle",
    "bear_flag": "bull_flag",
    "bull_flag": "bear_flag",
    "range_breakout": "range_breakout",
}
"""Each pattern, with its name upside down."""

type Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern that waits for its completion.

    Attributes
    ----------
    name : str
        A key of `NAMES`.
    rises : bool
        True if a close above the trigger completes it, rather than one below.
    trigger : Line
    limit : Line
        Line on the other side, beyond which a close ends the shape.
    expires : float
        Index of the last bar that can complete it.
    quality : float
        Fit to the definition, 0 to 1.
    points : tuple of (bar, price)
        Swings, oldest first.
    is_rest : bool
        True if the price rests within it; it then counts only if the price had not left it before
        its last swing was confirmed.
    """

    name: str
    rises: bool
    trigger: Line
    limit: Line
    expires: float
    quality: float
    points: tuple[Point, ...]
    is_rest: bool = False

    def is_complete(self, bar: int, close: float) -> bool:
        """Return whether a close is beyond the trigger."""
        line = self.trigger.at(bar)
        return close > line if self.rises else close < line

    def is_over(self, bar: int, close: float) -> bool:
        """Return whether the shape has waited too long, or the price has gone the other way."""
        line = self.limit.at(bar)
        return bar > self.expires or (close < line if self.rises else close > line)


def shapes(swings: Sequence[Swing]) -> Iterator[Shape]:
    """Yield the shapes whose last swing is the newest.

    Parameters
    ----------
    swings : sequence of Swing
        Newest last, alternately high and low.
    """
    if len(swings) < 4:
        return
    sign = 1.0 if swings[-1].is_high else -1.0
    points = [(swing.bar, sign * swing.price) for swing in swings]
    for found in _above(points):
        yield found if sign > 0.0 else _upside_down(found)


def _above(p: Sequence[Point]) -> Iterator[Shape]:
    yield from _double_top(p[-4:])
    yield from _triangle(p[-4:])
    if len(p) >= 5:
        yield from _flag(p[-5:])
        yield from _range(p[-5:])
    if len(p) >= 6:
        yield from _head_and_shoulders(p[-6:])


def _double_top(p: Sequence[Point]) -> Iterator[Shape]:
    before, first, middle, second = p
    height = 0.5 * (first[1] + second[1]) - middle[1]
    if abs(first[1] - second[1]) >= EQUAL * height or first[1] - before[1] < height:
        return
    found = quality(
        alike(first[1], second[1], EQUAL * height),
        _even(middle[0] - first[0], second[0] - middle[0]),
        at_least(first[1] - before[1], 2.0 * height),
    )
    top = max(first[1], second[1])
    yield _shape("double_top", False, _level(middle), _level((0, top)), found, p)


def _head_and_shoulders(p: Sequence[Point]) -> Iterator[Shape]:
    before, left, dip, head, rise, right = p
    neckline = Line.through(dip, rise)
    height = head[1] - neckline.at(head[0])
    if height <= 0.0 or head[1] - max(left[1], right[1]) < HEAD * height:
        return
    if min(left[1] - neckline.at(left[0]), right[1] - neckline.at(right[0])) <= 0.0:
        return
    if abs(left[1] - right[1]) >= TILT * height or abs(dip[1] - rise[1]) >= TILT * height:
        return
    found = quality(
        alike(left[1], right[1], TILT * height),
        alike(dip[1], rise[1], TILT * height),
        _even(head[0] - left[0], right[0] - head[0]),
        at_least(left[1] - before[1], 0.5 * height),
    )
    yield _shape("head_and_shoulders", False, neckline, _level((0, right[1])), found, p)


def _triangle(p: Sequence[Point]) -> Iterator[Shape]:
    """Find triangles in low, high, low, high."""
    upper, lower = Line.through(p[1], p[3]), Line.through(p[0], p[2])
    height = p[1][1] - lower.at(p[1][0])
    closing = lower.slope - upper.slope
    if height <= 0.0 or closing <= 0.0:
        return
    falls, rises = p[1][1] - p[3][1], p[2][1] - p[0][1]
    name, fit = _kind_of_triangle(falls / height, rises / height)
    if not name:
        return
    width = upper.at(p[3][0]) - lower.at(p[3][0])
    meet = p[3][0] + width / closing
    found = quality(fit, at_least(height - width, 0.5 * height))
    for upwards in (True, False):
        trigger, limit = (upper, lower) if upwards else (lower, upper)
        yield Shape(name, upwards, trigger, limit, meet, found, tuple(p), True)


def _kind_of_triangle(falls: float, rises: float) -> tuple[str, float]:
    """Return the kind of a triangle and its fit, by the parts of the height that its sides move."""
    if falls >= CONVERGES and rises >= CONVERGES:
        return "symmetrical_triangle", _even(falls, rises)
    if abs(falls) < CONVERGES <= rises:
        return "ascending_triangle", alike(falls, 0.0, CONVERGES)
    if abs(rises) < CONVERGES <= falls:
        return "descending_triangle", alike(rises, 0.0, CONVERGES)
    return "", 0.0


def _flag(p: Sequence[Point]) -> Iterator[Shape]:
    """Find flags in high, low, high, low, high: a pole down, and a flag rising against it."""
    top, foot, first, dip, second = p
    pole = top[1] - foot[1]
    back = max(first[1], second[1]) - foot[1]
    upper, lower = Line.through(first, second), Line.through(foot, dip)
    if pole <= 0.0 or back > RETRACED * pole or lower.slope < 0.0 or upper.slope < 0.0:
        return
    steepness = pole / (foot[0] - top[0])
    drift = max(upper.slope, lower.slope)
    if steepness < POLE_STEEPNESS * drift:
        return
    length = second[0] - foot[0]
    found = quality(
        alike(upper.slope * length, lower.slope * length, RETRACED * pole),
        at_least(pole - back, (1.0 - 0.5 * RETRACED) * pole),
        at_least(steepness, 2.0 * POLE_STEEPNESS * drift) if drift > 0.0 else 1.0,
    )
    yield _shape("bear_flag", False, lower, upper, found, p, True)


def _range(p: Sequence[Point]) -> Iterator[Shape]:
    """Find ranges in high, low, high, low, high."""
    highs, lows = [p[0][1], p[2][1], p[4][1]], [p[1][1], p[3][1]]
    top, bottom = max(highs), min(lows)
    height = top - bottom
    if top - min(highs) >= EQUAL * height or max(lows) - bottom >= EQUAL * height:
        return
    found = quality(
        alike(top, min(highs), EQUAL * height), alike(bottom, max(lows), EQUAL * height)
    )
    above, below = _level((0, top)), _level((0, bottom))
    yield _shape("range_breakout", True, above, below, found, p, True)
    yield _shape("range_breakout", False, below, above, found, p, True)


def _shape(
    name: str,
    rises: bool,
    trigger: Line,
    limit: Line,
    found: float,
    p: Sequence[Point],
    is_rest: bool = False,
) -> Shape:
    """Return a shape that may wait as long as it took to form."""
    expires = 2 * p[-1][0] - p[0][0]
    return Shape(name, rises, trigger, limit, expires, found, tuple(p), is_rest)


def _level(point: Point) -> Line:
    return Line(point[0], point[1], 0.0)


def _even(a: float, b: float) -> float:
    """Return 1 for equal positive numbers, less the more they differ."""
    return min(a, b) / max(a, b) if max(a, b) > 0.0 else 0.0


def _upside_down(shape: Shape) -> Shape:
    """Return a shape of negated prices as a shape of the prices."""
    return Shape(
        NAMES[shape.name],
        not shape.rises,
        _negative(shape.trigger),
        _negative(shape.limit),
        shape.expires,
        shape.quality,
        tuple((bar, -price) for bar, price in shape.points),
        shape.is_rest,
    )


def _negative(line: Line) -> Line:
    return Line(line.bar, -line.price, -line.slope)
