"""State of candlestick patterns: the latest candles, and TA-Lib's measures of long, short and near.

TA-Lib measures a candle by averages over the candles before it, kept as running totals
(``total += new - old``) that begin at the first candle for which a pattern has a result. Because
of rounding, totals of the same candles differ if they began at different candles, so a pattern
equals TA-Lib's on every bar only with a total that began where TA-Lib's does. A total over the
candles before candle ``i`` that began at candle ``g`` is kept in the slot of candle ``i``: patterns
that began at the same ``g`` share it, and a pattern that looks back ``k`` candles finds its total
there.

The state is float64: a ring of the latest candles, each in a slot of `SLOT_WORDS` words, then the
words of `hikkake`; it is zero at first. ``n`` is the index of the newest candle.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64

from tickfire.kernels.jit import helper

SLOTS: Final = 16
"""Number of slots: a power of two, above the longest average and the longest pattern."""
SLOT_WORDS: Final = 32

OPEN: Final = 0
HIGH: Final = 1
LOW: Final = 2
CLOSE: Final = 3
BODY: Final = 4
UPPER: Final = 5
LOWER: Final = 6
TOTALS: Final = 7

LONG_PERIOD: Final = 10
NEAR_PERIOD: Final = 5
LAST_ORIGIN: Final = 14
"""Index of the candle from which the last total begins."""

BODY_TOTALS: Final = TOTALS - LONG_PERIOD
"""Word of the total of 10 bodies that began at candle 0; add the index where another began."""
RANGE_TOTALS: Final = BODY_TOTALS + 5
SHADOW_TOTALS: Final = RANGE_TOTALS + 5
NEAR_TOTALS: Final = TOTALS + 15 - NEAR_PERIOD
"""As `BODY_TOTALS`, but for high - low over 5 candles."""

COUNT: Final = SLOTS * SLOT_WORDS
"""Number of candles taken."""
HIKKAKE_AT: Final = COUNT + 1
HIKKAKE_RESULT: Final = COUNT + 2
MODIFIED_AT: Final = COUNT + 3
MODIFIED_RESULT: Final = COUNT + 4
STATE_WORDS: Final = COUNT + 8

DOJI_SHARE: Final = 0.1
VERY_SHORT_SHARE: Final = 0.1
NEAR_SHARE: Final = 0.2
FAR_SHARE: Final = 0.6
EQUAL_SHARE: Final = 0.05


@helper
def slot(n: Any, k: Any) -> Any:
    """Return the first word of the candle ``k`` before the newest."""
    return ((n - k) & (SLOTS - 1)) * SLOT_WORDS


@helper
def open_(s: Any, n: Any, k: Any) -> Any:
    """Return the open of the candle ``k`` before the newest."""
    return s[slot(n, k) + OPEN]


@helper
def high(s: Any, n: Any, k: Any) -> Any:
    """Return the high of a candle."""
    return s[slot(n, k) + HIGH]


@helper
def low(s: Any, n: Any, k: Any) -> Any:
    """Return the low of a candle."""
    return s[slot(n, k) + LOW]


@helper
def close(s: Any, n: Any, k: Any) -> Any:
    """Return the close of a candle."""
    return s[slot(n, k) + CLOSE]


@helper
def body(s: Any, n: Any, k: Any) -> Any:
    """Return the length of a candle's body."""
    return s[slot(n, k) + BODY]


@helper
def upper(s: Any, n: Any, k: Any) -> Any:
    """Return the length of a candle's upper shadow."""
    return s[slot(n, k) + UPPER]


@helper
def lower(s: Any, n: Any, k: Any) -> Any:
    """Return the length of a candle's lower shadow."""
    return s[slot(n, k) + LOWER]


@helper
def white(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle closed at or above its open."""
    return close(s, n, k) >= open_(s, n, k)


@helper
def black(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle closed below its open."""
    return close(s, n, k) < open_(s, n, k)


@helper
def sign(s: Any, n: Any, k: Any) -> Any:
    """Return 1 for a white candle, -1 for a black one."""
    return 1 if white(s, n, k) else -1


@helper
def top(s: Any, n: Any, k: Any) -> Any:
    """Return the upper end of a candle's body."""
    return max(open_(s, n, k), close(s, n, k))


@helper
def bottom(s: Any, n: Any, k: Any) -> Any:
    """Return the lower end of a candle's body."""
    return min(open_(s, n, k), close(s, n, k))


@helper
def gaps_up(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Return whether the later body lies above the earlier one."""
    return bottom(s, n, later) > top(s, n, earlier)


@helper
def gaps_down(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Return whether the later body lies below the earlier one."""
    return top(s, n, later) < bottom(s, n, earlier)


@helper
def clears_up(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Return whether the later candle, with its shadows, lies above the earlier one."""
    return low(s, n, later) > high(s, n, earlier)


@helper
def clears_down(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Return whether the later candle, with its shadows, lies below the earlier one."""
    return high(s, n, later) < low(s, n, earlier)


@helper
def within(x: Any, middle: Any, reach: Any) -> Any:
    """Return whether two prices are no farther apart than the reach."""
    return x <= middle + reach and x >= middle - reach


@helper
def mean_body(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the mean body before a candle: a body is long above it, and short below it.

    ``first`` is the index of the first candle for which the pattern has a result, TA-Lib's
    lookback.
    """
    return s[slot(n, k) + BODY_TOTALS + first - k] / LONG_PERIOD


@helper
def doji(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the longest body of a doji."""
    return DOJI_SHARE * (s[slot(n, k) + RANGE_TOTALS + first - k] / LONG_PERIOD)


@helper
def very_short(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the length below which a shadow counts as none."""
    return VERY_SHORT_SHARE * (s[slot(n, k) + RANGE_TOTALS + first - k] / LONG_PERIOD)


@helper
def short_shadow(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the length below which a shadow is short."""
    return s[slot(n, k) + SHADOW_TOTALS + first - k] / LONG_PERIOD / 2.0


@helper
def near(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the distance within which prices are near."""
    return NEAR_SHARE * (s[slot(n, k) + NEAR_TOTALS + first - k] / NEAR_PERIOD)


@helper
def far(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the distance beyond which prices are far."""
    return FAR_SHARE * (s[slot(n, k) + NEAR_TOTALS + first - k] / NEAR_PERIOD)


@helper
def equal(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the distance within which prices are equal."""
    return EQUAL_SHARE * (s[slot(n, k) + NEAR_TOTALS + first - k] / NEAR_PERIOD)


@helper
def range_of(s: Any, n: Any, k: Any) -> Any:
    """Return high - low of a candle."""
    return high(s, n, k) - low(s, n, k)


@helper
def shadows_of(s: Any, n: Any, k: Any) -> Any:
    """Return the length of both shadows of a candle."""
    return upper(s, n, k) + lower(s, n, k)


@helper
def is_candle(o: Any, h: Any, l: Any, c: Any) -> Any:  # noqa: E741
    """Return whether all four prices are finite and at most 1e100 in magnitude."""
    limit = 1e100
    return abs(o) <= limit and abs(h) <= limit and abs(l) <= limit and abs(c) <= limit


@helper
def take_candle(s: Any, o: Any, h: Any, l: Any, c: Any) -> Any:  # noqa: E741
    """Add a candle to the state, with the totals before it; return its index."""
    n = int64(s[COUNT])
    s[COUNT] = n + 1
    at = slot(n, 0)
    s[at + OPEN] = o
    s[at + HIGH] = h
    s[at + LOW] = l
    s[at + CLOSE] = c
    s[at + BODY] = abs(c - o)
    s[at + UPPER] = h - (c if c >= o else o)
    s[at + LOWER] = (o if c >= o else c) - l
    if n <= LAST_ORIGIN:
        _begin_totals(s, n)
    if n > NEAR_PERIOD:
        _move_totals(s, n)
    return n


@helper
def _begin_totals(s: Any, n: Any) -> None:
    """Compute the totals that begin at this candle, oldest candle first, as TA-Lib does."""
    at = slot(n, 0)
    if n >= NEAR_PERIOD:
        total = 0.0
        for k in range(NEAR_PERIOD, 0, -1):
            total += range_of(s, n, k)
        s[at + NEAR_TOTALS + n] = total
    if n >= LONG_PERIOD:
        bodies = 0.0
        ranges = 0.0
        shadows = 0.0
        for k in range(LONG_PERIOD, 0, -1):
            bodies += body(s, n, k)
            ranges += range_of(s, n, k)
            shadows += shadows_of(s, n, k)
        s[at + BODY_TOTALS + n] = bodies
        s[at + RANGE_TOTALS + n] = ranges
        s[at + SHADOW_TOTALS + n] = shadows


@helper
def _move_totals(s: Any, n: Any) -> None:
    """Update the totals that began before this candle."""
    at = slot(n, 0)
    before = slot(n, 1)
    last = min(n - 1, LAST_ORIGIN)
    step = range_of(s, n, 1) - range_of(s, n, 1 + NEAR_PERIOD)
    for g in range(NEAR_PERIOD, last + 1):
        s[at + NEAR_TOTALS + g] = s[before + NEAR_TOTALS + g] + step
    bodies = body(s, n, 1) - body(s, n, 1 + LONG_PERIOD)
    ranges = range_of(s, n, 1) - range_of(s, n, 1 + LONG_PERIOD)
    shadows = shadows_of(s, n, 1) - shadows_of(s, n, 1 + LONG_PERIOD)
    for g in range(LONG_PERIOD, last + 1):
        s[at + BODY_TOTALS + g] = s[before + BODY_TOTALS + g] + bodies
        s[at + RANGE_TOTALS + g] = s[before + RANGE_TOTALS + g] + ranges
        s[at + SHADOW_TOTALS + g] = s[before + SHADOW_TOTALS + g] + shadows
