"""Patterns of one candle. Each returns TA-Lib's result: 100 or -100 (white or black), or 0."""

from __future__ import annotations

from typing import Any, Final

from tickfire.kernels.jit import cold, helper
from tickfire.models.patterns.candle_state import (
    black,
    body,
    bottom,
    doji,
    low,
    lower,
    mean_body,
    near,
    range_of,
    short_shadow,
    sign,
    top,
    upper,
    very_short,
    white,
)

FIRST: Final = 10
"""Index of the first candle for which these patterns have a result."""
HALF: Final = 2.0
VERY_LONG_BODIES: Final = 2.0
"""A shadow longer than this many bodies is very long."""


@helper
def long_body(s: Any, n: Any) -> Any:
    """Return whether the body is longer than the mean."""
    return body(s, n, 0) > mean_body(s, n, 0, FIRST)


@helper
def short_body(s: Any, n: Any) -> Any:
    """Return whether the body is shorter than the mean."""
    return body(s, n, 0) < mean_body(s, n, 0, FIRST)


@helper
def no_body(s: Any, n: Any) -> Any:
    """Return whether open and close are practically equal."""
    return body(s, n, 0) <= doji(s, n, 0, FIRST)


@helper
def no_upper(s: Any, n: Any) -> Any:
    """Return whether there is hardly an upper shadow."""
    return upper(s, n, 0) < very_short(s, n, 0, FIRST)


@helper
def no_lower(s: Any, n: Any) -> Any:
    """Return whether there is hardly a lower shadow."""
    return lower(s, n, 0) < very_short(s, n, 0, FIRST)


@cold
def belt_hold(s: Any, n: Any) -> Any:
    """Detect a long candle without a shadow at its open."""
    bare = (white(s, n, 0) and no_lower(s, n)) or (black(s, n, 0) and no_upper(s, n))
    return sign(s, n, 0) * 100 if long_body(s, n) and bare else 0


@cold
def closing_marubozu(s: Any, n: Any) -> Any:
    """Detect a long candle without a shadow at its close."""
    bare = (white(s, n, 0) and no_upper(s, n)) or (black(s, n, 0) and no_lower(s, n))
    return sign(s, n, 0) * 100 if long_body(s, n) and bare else 0


@cold
def marubozu(s: Any, n: Any) -> Any:
    """Detect a long candle without shadows."""
    return sign(s, n, 0) * 100 if long_body(s, n) and no_upper(s, n) and no_lower(s, n) else 0


@cold
def plain_doji(s: Any, n: Any) -> Any:
    """Detect a candle without a body."""
    return 100 if no_body(s, n) else 0


@cold
def dragonfly_doji(s: Any, n: Any) -> Any:
    """Detect a candle without a body or upper shadow, but with a lower shadow."""
    shadow = lower(s, n, 0) > very_short(s, n, 0, FIRST)
    return 100 if no_body(s, n) and no_upper(s, n) and shadow else 0


@cold
def gravestone_doji(s: Any, n: Any) -> Any:
    """Detect a candle without a body or lower shadow, but with an upper shadow."""
    shadow = upper(s, n, 0) > very_short(s, n, 0, FIRST)
    return 100 if no_body(s, n) and no_lower(s, n) and shadow else 0


@cold
def takuri(s: Any, n: Any) -> Any:
    """Detect a dragonfly doji with a very long lower shadow."""
    shadow = lower(s, n, 0) > VERY_LONG_BODIES * body(s, n, 0)
    return 100 if no_body(s, n) and no_upper(s, n) and shadow else 0


@cold
def long_legged_doji(s: Any, n: Any) -> Any:
    """Detect a candle without a body, but with a long shadow."""
    shadow = lower(s, n, 0) > body(s, n, 0) or upper(s, n, 0) > body(s, n, 0)
    return 100 if no_body(s, n) and shadow else 0


@cold
def rickshaw_man(s: Any, n: Any) -> Any:
    """Detect a candle without a body, near the middle of two long shadows."""
    shadows = lower(s, n, 0) > body(s, n, 0) and upper(s, n, 0) > body(s, n, 0)
    middle = low(s, n, 0) + range_of(s, n, 0) / HALF
    reach = near(s, n, 0, FIRST)
    central = bottom(s, n, 0) <= middle + reach and top(s, n, 0) >= middle - reach
    return 100 if no_body(s, n) and shadows and central else 0


@cold
def high_wave(s: Any, n: Any) -> Any:
    """Detect a short candle with two very long shadows."""
    least = VERY_LONG_BODIES * body(s, n, 0)
    shadows = upper(s, n, 0) > least and lower(s, n, 0) > least
    return sign(s, n, 0) * 100 if short_body(s, n) and shadows else 0


@cold
def spinning_top(s: Any, n: Any) -> Any:
    """Detect a short candle with two shadows longer than its body."""
    shadows = upper(s, n, 0) > body(s, n, 0) and lower(s, n, 0) > body(s, n, 0)
    return sign(s, n, 0) * 100 if short_body(s, n) and shadows else 0


@helper
def short_shadows(s: Any, n: Any) -> Any:
    """Return whether both shadows are short."""
    limit = short_shadow(s, n, 0, FIRST)
    return upper(s, n, 0) < limit and lower(s, n, 0) < limit


@cold
def long_line(s: Any, n: Any) -> Any:
    """Detect a long candle with short shadows."""
    return sign(s, n, 0) * 100 if long_body(s, n) and short_shadows(s, n) else 0


@cold
def short_line(s: Any, n: Any) -> Any:
    """Detect a short candle with short shadows."""
    return sign(s, n, 0) * 100 if short_body(s, n) and short_shadows(s, n) else 0
