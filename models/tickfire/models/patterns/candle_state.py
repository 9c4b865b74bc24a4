"""What candlestick patterns see: the last candles, and what TA-Lib calls long, short and near.

TA-Lib measures a candle by averages over the candles before it, kept as running totals
(``total += new - old``) that begin at the first candle a pattern can answer for. Rounding makes
two totals of the same candles differ when they began at different candles, so a pattern equals
TA-Lib's on every bar only with a total of its own beginning. A total over the candles before
candle ``i`` that began at candle ``g`` is kept in the slot of candle ``i``; patterns that began at
the same ``g`` share it, and a pattern that looks back ``k`` candles finds its total there.

The state is float64: a ring of the last candles, one slot of `SLOT_WORDS` words each, then the
words of `hikkake`. All zeros is a fresh state. ``n`` is the index of the newest candle.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64

from tickfire.kernels.jit import helper

SLOTS: Final = 16
"""A power of two, above the longest average and the longest pattern."""
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
"""No total of a pattern begins later."""

BODY_TOTALS: Final = TOTALS - LONG_PERIOD
"""Word of the total of bodies over 10 candles that began at candle 0; add the beginning."""
RANGE_TOTALS: Final = BODY_TOTALS + 5
SHADOW_TOTALS: Final = RANGE_TOTALS + 5
NEAR_TOTALS: Final = TOTALS + 15 - NEAR_PERIOD
"""As `BODY_TOTALS`, of high - low over 5 candles."""

COUNT: Final = SLOTS * SLOT_WORDS
"""How many candles were taken."""
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
    """Return its high."""
    return s[slot(n, k) + HIGH]


@helper
def low(s: Any, n: Any, k: Any) -> Any:
    """Return its low."""
    return s[slot(n, k) + LOW]


@helper
def close(s: Any, n: Any, k: Any) -> Any:
    """Return its close."""
    return s[slot(n, k) + CLOSE]


@helper
def body(s: Any, n: Any, k: Any) -> Any:
    """Return the length of its body."""
    return s[slot(n, k) + BODY]


@helper
def upper(s: Any, n: Any, k: Any) -> Any:
    """Return the length of its upper shadow."""
    return s[slot(n, k) + UPPER]


@helper
def lower(s: Any, n: Any, k: Any) -> Any:
    """Return the length of its lower shadow."""
    return s[slot(n, k) + LOWER]


@helper
def white(s: Any, n: Any, k: Any) -> Any:
    """Whether it closed at or above its open."""
    return close(s, n, k) >= open_(s, n, k)


@helper
def black(s: Any, n: Any, k: Any) -> Any:
    """Whether it closed below its open."""
    return close(s, n, k) < open_(s, n, k)


@helper
def sign(s: Any, n: Any, k: Any) -> Any:
    """Return 1 if it is white, -1 if it is black."""
    return 1 if white(s, n, k) else -1


@helper
def top(s: Any, n: Any, k: Any) -> Any:
    """Return the upper end of its body."""
    return max(open_(s, n, k), close(s, n, k))


@helper
def bottom(s: Any, n: Any, k: Any) -> Any:
    """Return the lower end of its body."""
    return min(open_(s, n, k), close(s, n, k))


@helper
def gaps_up(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Whether the later body lies above the earlier one."""
    return bottom(s, n, later) > top(s, n, earlier)


@helper
def gaps_down(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Whether the later body lies below the earlier one."""
    return top(s, n, later) < bottom(s, n, earlier)


@helper
def clears_up(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Whether the later candle, shadows and all, lies above the earlier one."""
    return low(s, n, later) > high(s, n, earlier)


@helper
def clears_down(s: Any, n: Any, later: Any, earlier: Any) -> Any:
    """Whether the later candle, shadows and all, lies below the earlier one."""
    return high(s, n, later) < low(s, n, earlier)


@helper
def within(x: Any, middle: Any, reach: Any) -> Any:
    """Whether a price is no farther from another than the reach."""
    return x <= middle + reach and x >= middle - reach


@helper
def mean_body(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the mean body before the candle; above it is a long body, below a short one.

    ``first`` is the first candle that the pattern answers for (TA-Lib's lookback).
    """
    return s[slot(n, k) + BODY_TOTALS + first - k] / LONG_PERIOD


@helper
def doji(s: Any, n: Any, k: Any, first: Any) -> Any:
    """Return the longest body that counts as none."""
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
    """Return high - low of the candle ``k`` before the newest."""
    return high(s, n, k) - low(s, n, k)


@helper
def shadows_of(s: Any, n: Any, k: Any) -> Any:
    """Return the length of both its shadows."""
    return upper(s, n, k) + lower(s, n, k)


@helper
def is_candle(o: Any, h: Any, l: Any, c: Any) -> Any:  # noqa: E741
    """Whether all four prices are numbers below 1e100 in size."""
    limit = 1e100
    return abs(o) <= limit and abs(h) <= limit and abs(l) <= limit and abs(c) <= limit


@helper
def take_candle(s: Any, o: Any, h: Any, l: Any, c: Any) -> Any:  # noqa: E741
    """Put a candle into the state, with all totals before it; return its index."""
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
    """Sum afresh what begins at this candle, in TA-Lib's order: the oldest first."""
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
    """Move on every total that began before this candle."""
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
