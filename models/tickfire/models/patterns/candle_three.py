"""Patterns of three candles. Each returns TA-Lib's result: 100, -100, or 0 for none."""

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
    far,
    gaps_down,
    gaps_up,
    high,
    low,
    lower,
    mean_body,
    near,
    open_,
    short_shadow,
    sign,
    top,
    upper,
    very_short,
    white,
    within,
)

FIRST: Final = 12
EQUAL_FIRST: Final = 7
"""As `FIRST`, for the patterns that only measure what is near or equal."""


@helper
def long_body(s: Any, n: Any, k: Any) -> Any:
    """Return whether a body is longer than the mean."""
    return body(s, n, k) > mean_body(s, n, k, FIRST)


@helper
def three_white(s: Any, n: Any) -> Any:
    """Return whether all three candles are white, each closing above the one before."""
    colours = white(s, n, 2) and white(s, n, 1) and white(s, n, 0)
    return colours and close(s, n, 0) > close(s, n, 1) > close(s, n, 2)


@helper
def three_black(s: Any, n: Any) -> Any:
    """Return whether all three candles are black."""
    return black(s, n, 2) and black(s, n, 1) and black(s, n, 0)


@helper
def opens_within(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle opens in or near the white body before it, above its open."""
    reach = close(s, n, k + 1) + near(s, n, k + 1, FIRST)
    return open_(s, n, k) > open_(s, n, k + 1) and open_(s, n, k) <= reach


@cold
def two_crows(s: Any, n: Any) -> Any:
    """Detect a black candle above a long white one, then a black one back into its body."""
    first = white(s, n, 2) and long_body(s, n, 2)
    second = black(s, n, 1) and gaps_up(s, n, 1, 2)
    opens = open_(s, n, 0) < open_(s, n, 1) and open_(s, n, 0) > close(s, n, 1)
    closes = close(s, n, 0) > open_(s, n, 2) and close(s, n, 0) < close(s, n, 2)
    return -100 if first and second and black(s, n, 0) and opens and closes else 0


@cold
def upside_gap_two_crows(s: Any, n: Any) -> Any:
    """Detect two black candles above a long white one, the second engulfing the first."""
    first = white(s, n, 2) and long_body(s, n, 2)
    small = body(s, n, 1) <= mean_body(s, n, 1, FIRST)
    second = black(s, n, 1) and small and gaps_up(s, n, 1, 2)
    around = open_(s, n, 0) > open_(s, n, 1) and close(s, n, 0) < close(s, n, 1)
    beyond = close(s, n, 0) > close(s, n, 2)
    return -100 if first and second and black(s, n, 0) and around and beyond else 0


@cold
def three_inside(s: Any, n: Any) -> Any:
    """Detect a harami with its confirmation."""
    small = body(s, n, 1) <= mean_body(s, n, 1, FIRST)
    within_body = top(s, n, 1) < top(s, n, 2) and bottom(s, n, 1) > bottom(s, n, 2)
    down = white(s, n, 2) and black(s, n, 0) and close(s, n, 0) < open_(s, n, 2)
    up = black(s, n, 2) and white(s, n, 0) and close(s, n, 0) > open_(s, n, 2)
    found = long_body(s, n, 2) and small and within_body and (down or up)
    return -sign(s, n, 2) * 100 if found else 0


@cold
def three_outside(s: Any, n: Any) -> Any:
    """Detect an engulfing with its confirmation."""
    over = top(s, n, 1) > top(s, n, 2) and bottom(s, n, 1) < bottom(s, n, 2)
    up = white(s, n, 1) and black(s, n, 2) and over and close(s, n, 0) > close(s, n, 1)
    down = black(s, n, 1) and white(s, n, 2) and over and close(s, n, 0) < close(s, n, 1)
    return sign(s, n, 1) * 100 if up or down else 0


@cold
def three_stars_in_the_south(s: Any, n: Any) -> Any:
    """Detect three black candles, each smaller and with a higher low."""
    first = long_body(s, n, 2) and lower(s, n, 2) > body(s, n, 2)
    opens = open_(s, n, 1) > close(s, n, 2) and open_(s, n, 1) <= high(s, n, 2)
    lows = low(s, n, 1) < close(s, n, 2) and low(s, n, 1) >= low(s, n, 2)
    shadow = lower(s, n, 1) > very_short(s, n, 1, FIRST)
    second = body(s, n, 1) < body(s, n, 2) and opens and lows and shadow
    limit = very_short(s, n, 0, FIRST)
    bare = lower(s, n, 0) < limit and upper(s, n, 0) < limit
    small = body(s, n, 0) < mean_body(s, n, 0, FIRST)
    third = small and bare and low(s, n, 0) > low(s, n, 1) and high(s, n, 0) < high(s, n, 1)
    return 100 if three_black(s, n) and first and second and third else 0


@cold
def three_white_soldiers(s: Any, n: Any) -> Any:
    """Detect three white candles that rise in step, without upper shadows."""
    bare = (
        upper(s, n, 2) < very_short(s, n, 2, FIRST)
        and upper(s, n, 1) < very_short(s, n, 1, FIRST)
        and upper(s, n, 0) < very_short(s, n, 0, FIRST)
    )
    step = body(s, n, 1) > body(s, n, 2) - far(s, n, 2, FIRST)
    step = step and body(s, n, 0) > body(s, n, 1) - far(s, n, 1, FIRST)
    steady = opens_within(s, n, 1) and opens_within(s, n, 0) and step
    found = three_white(s, n) and bare and steady
    return 100 if found and body(s, n, 0) > mean_body(s, n, 0, FIRST) else 0


@cold
def advance_block(s: Any, n: Any) -> Any:
    """Detect three white candles that weaken."""
    begins = long_body(s, n, 2) and upper(s, n, 2) < short_shadow(s, n, 2, FIRST)
    smaller = body(s, n, 0) < body(s, n, 1)
    halts = body(s, n, 1) < body(s, n, 2) - far(s, n, 2, FIRST)
    halts = halts and body(s, n, 0) < body(s, n, 1) + near(s, n, 1, FIRST)
    drops = body(s, n, 0) < body(s, n, 1) - far(s, n, 1, FIRST)
    shadow = upper(s, n, 0) > short_shadow(s, n, 0, FIRST)
    shadow = shadow or upper(s, n, 1) > short_shadow(s, n, 1, FIRST)
    fades = smaller and body(s, n, 1) < body(s, n, 2) and shadow
    rejects = smaller and upper(s, n, 0) > body(s, n, 0)
    weakens = halts or drops or fades or rejects
    steady = three_white(s, n) and opens_within(s, n, 1) and opens_within(s, n, 0)
    return -100 if steady and begins and weakens else 0


@cold
def stalled_pattern(s: Any, n: Any) -> Any:
    """Detect two long white candles, and a small one at their top."""
    both = long_body(s, n, 2) and long_body(s, n, 1)
    bare = upper(s, n, 1) < very_short(s, n, 1, FIRST)
    small = body(s, n, 0) < mean_body(s, n, 0, FIRST)
    rides = open_(s, n, 0) >= close(s, n, 1) - body(s, n, 0) - near(s, n, 1, FIRST)
    found = three_white(s, n) and both and bare and opens_within(s, n, 1)
    return -100 if found and small and rides else 0


@cold
def abandoned_baby(s: Any, n: Any, depth: Any) -> Any:
    """Detect a doji apart, shadows included, between two bodies of opposite colours."""
    shape = long_body(s, n, 2) and body(s, n, 1) <= doji(s, n, 1, FIRST)
    shape = shape and body(s, n, 0) > mean_body(s, n, 0, FIRST)
    down = white(s, n, 2) and black(s, n, 0) and clears_up(s, n, 1, 2) and clears_down(s, n, 0, 1)
    down = down and close(s, n, 0) < close(s, n, 2) - body(s, n, 2) * depth
    up = black(s, n, 2) and white(s, n, 0) and clears_down(s, n, 1, 2) and clears_up(s, n, 0, 1)
    up = up and close(s, n, 0) > close(s, n, 2) + body(s, n, 2) * depth
    return sign(s, n, 0) * 100 if shape and (down or up) else 0


@helper
def turns_down(s: Any, n: Any, depth: Any) -> Any:
    """Return whether a star above a long white candle is followed by a black one deep into it."""
    shape = white(s, n, 2) and long_body(s, n, 2) and gaps_up(s, n, 1, 2) and black(s, n, 0)
    deep = close(s, n, 0) < close(s, n, 2) - body(s, n, 2) * depth
    return shape and body(s, n, 0) > mean_body(s, n, 0, FIRST) and deep


@helper
def turns_up(s: Any, n: Any, depth: Any) -> Any:
    """Return whether a star below a long black candle is followed by a white one deep into it."""
    shape = black(s, n, 2) and long_body(s, n, 2) and gaps_down(s, n, 1, 2) and white(s, n, 0)
    deep = close(s, n, 0) > close(s, n, 2) + body(s, n, 2) * depth
    return shape and body(s, n, 0) > mean_body(s, n, 0, FIRST) and deep


@cold
def evening_star(s: Any, n: Any, depth: Any) -> Any:
    """Detect a turn down whose star is short."""
    return -100 if body(s, n, 1) <= mean_body(s, n, 1, FIRST) and turns_down(s, n, depth) else 0


@cold
def evening_doji_star(s: Any, n: Any, depth: Any) -> Any:
    """Detect a turn down whose star is a doji."""
    return -100 if body(s, n, 1) <= doji(s, n, 1, FIRST) and turns_down(s, n, depth) else 0


@cold
def morning_star(s: Any, n: Any, depth: Any) -> Any:
    """Detect a turn up whose star is short."""
    return 100 if body(s, n, 1) <= mean_body(s, n, 1, FIRST) and turns_up(s, n, depth) else 0


@cold
def morning_doji_star(s: Any, n: Any, depth: Any) -> Any:
    """Detect a turn up whose star is a doji."""
    return 100 if body(s, n, 1) <= doji(s, n, 1, FIRST) and turns_up(s, n, depth) else 0


@cold
def gap_side_by_side_white(s: Any, n: Any) -> Any:
    """Detect two white candles of the same size, side by side beyond the body before."""
    up = gaps_up(s, n, 1, 2) and gaps_up(s, n, 0, 2)
    down = gaps_down(s, n, 1, 2) and gaps_down(s, n, 0, 2)
    size = within(body(s, n, 0), body(s, n, 1), near(s, n, 1, EQUAL_FIRST))
    level = within(open_(s, n, 0), open_(s, n, 1), equal(s, n, 1, EQUAL_FIRST))
    if white(s, n, 1) and white(s, n, 0) and size and level and (up or down):
        return 100 if up else -100
    return 0


@cold
def identical_three_crows(s: Any, n: Any) -> Any:
    """Detect three black candles, each opening at the close before, without lower shadows."""
    bare = (
        lower(s, n, 2) < very_short(s, n, 2, FIRST)
        and lower(s, n, 1) < very_short(s, n, 1, FIRST)
        and lower(s, n, 0) < very_short(s, n, 0, FIRST)
    )
    falls = close(s, n, 2) > close(s, n, 1) > close(s, n, 0)
    joined = within(open_(s, n, 1), close(s, n, 2), equal(s, n, 2, FIRST))
    joined = joined and within(open_(s, n, 0), close(s, n, 1), equal(s, n, 1, FIRST))
    return -100 if three_black(s, n) and bare and falls and joined else 0


@cold
def stick_sandwich(s: Any, n: Any) -> Any:
    """Detect two black candles with the same close, and a white one above it between them."""
    colours = black(s, n, 2) and white(s, n, 1) and black(s, n, 0)
    level = within(close(s, n, 0), close(s, n, 2), equal(s, n, 2, EQUAL_FIRST))
    return 100 if colours and low(s, n, 1) > close(s, n, 2) and level else 0


@cold
def tasuki_gap(s: Any, n: Any) -> Any:
    """Detect a gap that a candle of the other colour and similar size enters but does not close."""
    size = abs(body(s, n, 1) - body(s, n, 0)) < near(s, n, 1, EQUAL_FIRST)
    opens = open_(s, n, 0) < top(s, n, 1) and open_(s, n, 0) > bottom(s, n, 1)
    up = gaps_up(s, n, 1, 2) and white(s, n, 1) and black(s, n, 0) and opens
    up = up and close(s, n, 0) < open_(s, n, 1) and close(s, n, 0) > top(s, n, 2)
    down = gaps_down(s, n, 1, 2) and black(s, n, 1) and white(s, n, 0) and opens
    down = down and close(s, n, 0) > open_(s, n, 1) and close(s, n, 0) < bottom(s, n, 2)
    return sign(s, n, 1) * 100 if size and (up or down) else 0


@cold
def tristar(s: Any, n: Any) -> Any:
    """Detect three doji, the middle one beyond the others."""
    limit = doji(s, n, 2, FIRST)
    if body(s, n, 2) > limit or body(s, n, 1) > limit or body(s, n, 0) > limit:
        return 0
    if gaps_up(s, n, 1, 2) and top(s, n, 0) < top(s, n, 1):
        return -100
    if gaps_down(s, n, 1, 2) and bottom(s, n, 0) > bottom(s, n, 1):
        return 100
    return 0


@cold
def unique_three_river(s: Any, n: Any) -> Any:
    """Detect a black candle within a long black one, with a lower low, then a small white one."""
    first = black(s, n, 2) and long_body(s, n, 2)
    second = black(s, n, 1) and close(s, n, 1) > close(s, n, 2)
    second = second and open_(s, n, 1) <= open_(s, n, 2) and low(s, n, 1) < low(s, n, 2)
    small = body(s, n, 0) < mean_body(s, n, 0, FIRST)
    third = white(s, n, 0) and small and open_(s, n, 0) > low(s, n, 1)
    return 100 if first and second and third else 0


@cold
def gap_three_methods(s: Any, n: Any) -> Any:
    """Detect a gap between two candles of one colour that a third, of the other, closes."""
    colours = white(s, n, 2) == white(s, n, 1) and white(s, n, 1) != white(s, n, 0)
    opens = open_(s, n, 0) < top(s, n, 1) and open_(s, n, 0) > bottom(s, n, 1)
    closes = close(s, n, 0) < top(s, n, 2) and close(s, n, 0) > bottom(s, n, 2)
    gap = (white(s, n, 2) and gaps_up(s, n, 1, 2)) or (black(s, n, 2) and gaps_down(s, n, 1, 2))
    return sign(s, n, 2) * 100 if colours and opens and closes and gap else 0
