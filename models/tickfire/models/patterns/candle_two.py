"""Patterns of two candles. Each returns TA-Lib's result: up to 100 or -100, or 0 for none."""

from __future__ import annotations

from typing import Any, Final

from tickfire.kernels.jit import cold, helper
from tickfire.models.patterns.candle_state import (
    black,
    body,
    bottom,
    clears_down,
    clears_up,
    close,
    doji,
    equal,
    gaps_down,
    gaps_up,
    high,
    low,
    lower,
    mean_body,
    near,
    open_,
    sign,
    top,
    upper,
    very_short,
    white,
    within,
)

FIRST: Final = 11
MATCHING_LOW_FIRST: Final = 6
MIDDLE: Final = 0.5
TOUCHING: Final = 80
"""Magnitude of the result when the bodies share an end."""


@helper
def long_body(s: Any, n: Any, k: Any) -> Any:
    """Return whether a body is longer than the mean."""
    return body(s, n, k) > mean_body(s, n, k, FIRST)


@helper
def short_body(s: Any, n: Any) -> Any:
    """Return whether the last body is shorter than the mean."""
    return body(s, n, 0) < mean_body(s, n, 0, FIRST)


@helper
def no_upper(s: Any, n: Any, k: Any) -> Any:
    """Return whether there is hardly an upper shadow."""
    return upper(s, n, k) < very_short(s, n, k, FIRST)


@helper
def no_lower(s: Any, n: Any, k: Any) -> Any:
    """Return whether there is hardly a lower shadow."""
    return lower(s, n, k) < very_short(s, n, k, FIRST)


@helper
def turns(s: Any, n: Any) -> Any:
    """Return whether the two candles have opposite colours."""
    return white(s, n, 1) != white(s, n, 0)


@cold
def counterattack(s: Any, n: Any) -> Any:
    """Detect two long candles of opposite colours with the same close."""
    level = within(close(s, n, 0), close(s, n, 1), equal(s, n, 1, FIRST))
    both = long_body(s, n, 1) and long_body(s, n, 0)
    return sign(s, n, 0) * 100 if turns(s, n) and both and level else 0


@cold
def dark_cloud_cover(s: Any, n: Any, depth: Any) -> Any:
    """Detect a black candle that opens above a long white one and closes deep within its body."""
    deep = close(s, n, 0) < close(s, n, 1) - body(s, n, 1) * depth
    falls = black(s, n, 0) and open_(s, n, 0) > high(s, n, 1) and close(s, n, 0) > open_(s, n, 1)
    return -100 if white(s, n, 1) and long_body(s, n, 1) and falls and deep else 0


@cold
def piercing(s: Any, n: Any) -> Any:
    """Detect a long white candle that opens below a long black one and closes above its middle."""
    falls = black(s, n, 1) and long_body(s, n, 1)
    rises = white(s, n, 0) and long_body(s, n, 0) and open_(s, n, 0) < low(s, n, 1)
    deep = close(s, n, 0) > close(s, n, 1) + body(s, n, 1) * MIDDLE
    return 100 if falls and rises and close(s, n, 0) < open_(s, n, 1) and deep else 0


@cold
def doji_star(s: Any, n: Any) -> Any:
    """Detect a doji beyond a long body."""
    beyond = (white(s, n, 1) and gaps_up(s, n, 0, 1)) or (black(s, n, 1) and gaps_down(s, n, 0, 1))
    small = body(s, n, 0) <= doji(s, n, 0, FIRST)
    return -sign(s, n, 1) * 100 if long_body(s, n, 1) and small and beyond else 0


@cold
def engulfing(s: Any, n: Any) -> Any:
    """Detect a body that covers the one before, of the other colour."""
    if not turns(s, n):
        return 0
    covers = top(s, n, 0) >= top(s, n, 1) and bottom(s, n, 0) <= bottom(s, n, 1)
    apart_above = top(s, n, 0) != top(s, n, 1)
    apart_below = bottom(s, n, 0) != bottom(s, n, 1)
    if not covers or not (apart_above or apart_below):
        return 0
    return sign(s, n, 0) * (100 if apart_above and apart_below else TOUCHING)


@helper
def inside(s: Any, n: Any) -> Any:
    """Return 100 if the body lies within the one before, 80 if they share an end, else 0."""
    if top(s, n, 0) < top(s, n, 1) and bottom(s, n, 0) > bottom(s, n, 1):
        return 100
    if top(s, n, 0) <= top(s, n, 1) and bottom(s, n, 0) >= bottom(s, n, 1):
        return TOUCHING
    return 0


@cold
def harami(s: Any, n: Any) -> Any:
    """Detect a short body within a long one."""
    small = body(s, n, 0) <= mean_body(s, n, 0, FIRST)
    return -sign(s, n, 1) * inside(s, n) if long_body(s, n, 1) and small else 0


@cold
def harami_cross(s: Any, n: Any) -> Any:
    """Detect a doji within a long body."""
    small = body(s, n, 0) <= doji(s, n, 0, FIRST)
    return -sign(s, n, 1) * inside(s, n) if long_body(s, n, 1) and small else 0


@cold
def homing_pigeon(s: Any, n: Any) -> Any:
    """Detect a short black body within a long black one."""
    both = black(s, n, 1) and black(s, n, 0) and long_body(s, n, 1)
    small = body(s, n, 0) <= mean_body(s, n, 0, FIRST)
    return (
        100
        if both and small and open_(s, n, 0) < open_(s, n, 1) and close(s, n, 0) > close(s, n, 1)
        else 0
    )


@cold
def hammer(s: Any, n: Any) -> Any:
    """Detect a short body above a long lower shadow, near or below the low before."""
    shape = short_body(s, n) and lower(s, n, 0) > body(s, n, 0) and no_upper(s, n, 0)
    return 100 if shape and bottom(s, n, 0) <= low(s, n, 1) + near(s, n, 1, FIRST) else 0


@cold
def hanging_man(s: Any, n: Any) -> Any:
    """Detect the shape of a hammer, near or above the high before."""
    shape = short_body(s, n) and lower(s, n, 0) > body(s, n, 0) and no_upper(s, n, 0)
    return -100 if shape and bottom(s, n, 0) >= high(s, n, 1) - near(s, n, 1, FIRST) else 0


@cold
def inverted_hammer(s: Any, n: Any) -> Any:
    """Detect a short body under a long upper shadow, below the body before."""
    shape = short_body(s, n) and upper(s, n, 0) > body(s, n, 0) and no_lower(s, n, 0)
    return 100 if shape and gaps_down(s, n, 0, 1) else 0


@cold
def shooting_star(s: Any, n: Any) -> Any:
    """Detect the shape of an inverted hammer, above the body before."""
    shape = short_body(s, n) and upper(s, n, 0) > body(s, n, 0) and no_lower(s, n, 0)
    return -100 if shape and gaps_up(s, n, 0, 1) else 0


@helper
def opens_below_long_black(s: Any, n: Any) -> Any:
    """Return whether a white candle opens below the low of a long black one."""
    falls = black(s, n, 1) and long_body(s, n, 1)
    return falls and white(s, n, 0) and open_(s, n, 0) < low(s, n, 1)


@cold
def in_neck(s: Any, n: Any) -> Any:
    """Detect a close at or just above the close before."""
    reach = close(s, n, 1) + equal(s, n, 1, FIRST)
    level = close(s, n, 0) <= reach and close(s, n, 0) >= close(s, n, 1)
    return -100 if opens_below_long_black(s, n) and level else 0


@cold
def on_neck(s: Any, n: Any) -> Any:
    """Detect a close at the low before."""
    level = within(close(s, n, 0), low(s, n, 1), equal(s, n, 1, FIRST))
    return -100 if opens_below_long_black(s, n) and level else 0


@cold
def thrusting(s: Any, n: Any) -> Any:
    """Detect a close within the body before, not above its middle."""
    over = close(s, n, 0) > close(s, n, 1) + equal(s, n, 1, FIRST)
    under = close(s, n, 0) <= close(s, n, 1) + body(s, n, 1) * MIDDLE
    return -100 if opens_below_long_black(s, n) and over and under else 0


@helper
def bare_and_long(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle is a marubozu."""
    return long_body(s, n, k) and no_upper(s, n, k) and no_lower(s, n, k)


@helper
def kicks(s: Any, n: Any) -> Any:
    """Return whether two marubozu of opposite colours stand apart."""
    apart = (black(s, n, 1) and clears_up(s, n, 0, 1)) or (
        white(s, n, 1) and clears_down(s, n, 0, 1)
    )
    return turns(s, n) and bare_and_long(s, n, 1) and bare_and_long(s, n, 0) and apart


@cold
def kicking(s: Any, n: Any) -> Any:
    """Detect a kicking; the later marubozu decides the direction."""
    return sign(s, n, 0) * 100 if kicks(s, n) else 0


@cold
def kicking_by_length(s: Any, n: Any) -> Any:
    """Detect a kicking; the longer marubozu decides the direction."""
    longer = 0 if body(s, n, 0) > body(s, n, 1) else 1
    return sign(s, n, longer) * 100 if kicks(s, n) else 0


@cold
def matching_low(s: Any, n: Any) -> Any:
    """Detect two black candles with the same close."""
    level = within(close(s, n, 0), close(s, n, 1), equal(s, n, 1, MATCHING_LOW_FIRST))
    return 100 if black(s, n, 1) and black(s, n, 0) and level else 0


@cold
def separating_lines(s: Any, n: Any) -> Any:
    """Detect a long candle, bare at its open, that opens where one of the other colour did."""
    level = within(open_(s, n, 0), open_(s, n, 1), equal(s, n, 1, FIRST))
    bare = (white(s, n, 0) and no_lower(s, n, 0)) or (black(s, n, 0) and no_upper(s, n, 0))
    return sign(s, n, 0) * 100 if turns(s, n) and level and long_body(s, n, 0) and bare else 0
