"""Patterns of four and five candles. Each returns TA-Lib's result: 100, -100, or 0 for none."""

from __future__ import annotations

from typing import Any, Final

from tickfire.kernels.jit import cold, helper
from tickfire.models.patterns.candle_state import (
    black,
    body,
    bottom,
    close,
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
)

FOUR_FIRST: Final = 13
FIVE_FIRST: Final = 14
STRIKE_FIRST: Final = 8


@helper
def crow(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle is black, with hardly a lower shadow."""
    return black(s, n, k) and lower(s, n, k) < very_short(s, n, k, FOUR_FIRST)


@helper
def opens_in_body(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle opens within the black body before it."""
    return open_(s, n, k) < open_(s, n, k + 1) and open_(s, n, k) > close(s, n, k + 1)


@cold
def three_black_crows(s: Any, n: Any) -> Any:
    """Detect three crows after a white candle, each opening in the last body and closing lower."""
    crows = white(s, n, 3) and crow(s, n, 2) and crow(s, n, 1) and crow(s, n, 0)
    steady = opens_in_body(s, n, 1) and opens_in_body(s, n, 0)
    falls = high(s, n, 3) > close(s, n, 2) > close(s, n, 1) > close(s, n, 0)
    return -100 if crows and steady and falls else 0


@helper
def opens_near(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle opens in or near the body before it."""
    reach = near(s, n, k + 1, STRIKE_FIRST)
    return (
        open_(s, n, k) >= bottom(s, n, k + 1) - reach and open_(s, n, k) <= top(s, n, k + 1) + reach
    )


@cold
def three_line_strike(s: Any, n: Any) -> Any:
    """Detect three candles in one direction, and a fourth that undoes them."""
    alike = white(s, n, 3) == white(s, n, 2) and white(s, n, 2) == white(s, n, 1)
    turns = white(s, n, 0) != white(s, n, 1)
    up = white(s, n, 1) and close(s, n, 1) > close(s, n, 2) > close(s, n, 3)
    up = up and open_(s, n, 0) > close(s, n, 1) and close(s, n, 0) < open_(s, n, 3)
    down = black(s, n, 1) and close(s, n, 1) < close(s, n, 2) < close(s, n, 3)
    down = down and open_(s, n, 0) < close(s, n, 1) and close(s, n, 0) > open_(s, n, 3)
    found = alike and turns and opens_near(s, n, 2) and opens_near(s, n, 1) and (up or down)
    return sign(s, n, 1) * 100 if found else 0


@helper
def bare(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle has hardly any shadows."""
    limit = very_short(s, n, k, FOUR_FIRST)
    return lower(s, n, k) < limit and upper(s, n, k) < limit


@cold
def concealing_baby_swallow(s: Any, n: Any) -> Any:
    """Detect two black marubozu, a gap down with a shadow back, and a candle that engulfs it."""
    colours = black(s, n, 3) and black(s, n, 2) and black(s, n, 1) and black(s, n, 0)
    third = gaps_down(s, n, 1, 2) and upper(s, n, 1) > very_short(s, n, 1, FOUR_FIRST)
    third = third and high(s, n, 1) > close(s, n, 2)
    engulfs = high(s, n, 0) > high(s, n, 1) and low(s, n, 0) < low(s, n, 1)
    return 100 if colours and bare(s, n, 3) and bare(s, n, 2) and third and engulfs else 0


@helper
def long_body(s: Any, n: Any, k: Any) -> Any:
    """Return whether a body is longer than the mean."""
    return body(s, n, k) > mean_body(s, n, k, FIVE_FIRST)


@helper
def three_short(s: Any, n: Any) -> Any:
    """Return whether the bodies of the three candles in the middle are shorter than the mean."""
    return (
        body(s, n, 3) < mean_body(s, n, 3, FIVE_FIRST)
        and body(s, n, 2) < mean_body(s, n, 2, FIVE_FIRST)
        and body(s, n, 1) < mean_body(s, n, 1, FIVE_FIRST)
    )


@helper
def lower_than(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle has both a lower high and a lower low than the one before it."""
    return high(s, n, k) < high(s, n, k + 1) and low(s, n, k) < low(s, n, k + 1)


@helper
def higher_than(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle has both a higher high and a higher low than the one before it."""
    return high(s, n, k) > high(s, n, k + 1) and low(s, n, k) > low(s, n, k + 1)


@cold
def breakaway(s: Any, n: Any) -> Any:
    """Detect a gap, two more candles in its direction, and one back into the gap."""
    one = white(s, n, 4)
    colours = white(s, n, 3) == one and white(s, n, 1) == one and white(s, n, 0) != one
    down = gaps_down(s, n, 3, 4) and lower_than(s, n, 2) and lower_than(s, n, 1)
    down = not one and down and open_(s, n, 3) < close(s, n, 0) < close(s, n, 4)
    up = gaps_up(s, n, 3, 4) and higher_than(s, n, 2) and higher_than(s, n, 1)
    up = one and up and close(s, n, 4) < close(s, n, 0) < open_(s, n, 3)
    return sign(s, n, 0) * 100 if long_body(s, n, 4) and colours and (down or up) else 0


@cold
def ladder_bottom(s: Any, n: Any) -> Any:
    """Detect four falling black candles, the last with an upper shadow, and a white one above."""
    colours = black(s, n, 4) and black(s, n, 3) and black(s, n, 2) and black(s, n, 1)
    opens = open_(s, n, 4) > open_(s, n, 3) > open_(s, n, 2)
    closes = close(s, n, 4) > close(s, n, 3) > close(s, n, 2)
    shadow = upper(s, n, 1) > very_short(s, n, 1, FIVE_FIRST)
    rises = white(s, n, 0) and open_(s, n, 0) > open_(s, n, 1) and close(s, n, 0) > high(s, n, 1)
    return 100 if colours and opens and closes and shadow and rises else 0


@cold
def mat_hold(s: Any, n: Any, depth: Any) -> Any:
    """Detect a long white candle, three small ones that hold above its depth, and a new high."""
    colours = white(s, n, 4) and black(s, n, 3) and white(s, n, 0)
    shape = long_body(s, n, 4) and three_short(s, n) and gaps_up(s, n, 3, 4)
    floor = close(s, n, 4) - body(s, n, 4) * depth
    holds = floor < bottom(s, n, 2) < close(s, n, 4) and floor < bottom(s, n, 1) < close(s, n, 4)
    falls = top(s, n, 2) < open_(s, n, 3) and top(s, n, 1) < top(s, n, 2)
    ceiling = max(max(high(s, n, 3), high(s, n, 2)), high(s, n, 1))
    rises = open_(s, n, 0) > close(s, n, 1) and close(s, n, 0) > ceiling
    return 100 if colours and shape and holds and falls and rises else 0


@helper
def within_first(s: Any, n: Any, k: Any) -> Any:
    """Return whether a body reaches into the range of the first candle."""
    return bottom(s, n, k) < high(s, n, 4) and top(s, n, k) > low(s, n, 4)


@cold
def three_methods(s: Any, n: Any) -> Any:
    """Detect a long candle, three small ones against it in its range, and a long one beyond it."""
    one = white(s, n, 4)
    colours = white(s, n, 3) != one and white(s, n, 2) != one and white(s, n, 1) != one
    colours = colours and white(s, n, 0) == one
    shape = long_body(s, n, 4) and three_short(s, n) and long_body(s, n, 0)
    inside = within_first(s, n, 3) and within_first(s, n, 2) and within_first(s, n, 1)
    d = float(sign(s, n, 4))
    steps = close(s, n, 2) * d < close(s, n, 3) * d and close(s, n, 1) * d < close(s, n, 2) * d
    goes_on = open_(s, n, 0) * d > close(s, n, 1) * d and close(s, n, 0) * d > close(s, n, 4) * d
    return sign(s, n, 4) * 100 if colours and shape and inside and steps and goes_on else 0
