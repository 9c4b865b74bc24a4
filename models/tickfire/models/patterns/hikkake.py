"""Hikkake patterns: an inside bar whose breakout fails; they alone wait for a confirmation.

The result is 100 or -100 when the breakout has failed, and 200 or -200 if one of the next three
candles closes beyond the inside bar.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64

from tickfire.kernels.jit import cold, helper
from tickfire.models.patterns.candle_state import (
    HIKKAKE_AT,
    HIKKAKE_RESULT,
    MODIFIED_AT,
    MODIFIED_RESULT,
    close,
    high,
    low,
    near,
)

FIRST: Final = 5
MODIFIED_FIRST: Final = 10
WAIT: Final = 3
"""Candles within which a confirmation counts; the search begins as many before the first result."""


@helper
def inside_bar(s: Any, n: Any, k: Any) -> Any:
    """Return whether a candle lies within the one before it."""
    return high(s, n, k) < high(s, n, k + 1) and low(s, n, k) > low(s, n, k + 1)


@helper
def broke(s: Any, n: Any) -> Any:
    """Return 100 if the newest candle broke out downwards, -100 if upwards, else 0."""
    if high(s, n, 0) < high(s, n, 1) and low(s, n, 0) < low(s, n, 1):
        return 100
    if high(s, n, 0) > high(s, n, 1) and low(s, n, 0) > low(s, n, 1):
        return -100
    return 0


@helper
def follow(s: Any, n: Any, found: Any, at_word: Any, result_word: Any) -> Any:
    """Register a pattern that was found, or else look for the confirmation of the one before."""
    if found != 0:
        s[at_word] = n
        s[result_word] = found
        return found
    at = int64(s[at_word])
    result = int64(s[result_word])
    if n > at + WAIT or result == 0:
        return 0
    k = n - at + 1
    up = result > 0 and close(s, n, 0) > high(s, n, k)
    down = result < 0 and close(s, n, 0) < low(s, n, k)
    if not (up or down):
        return 0
    s[at_word] = 0
    s[result_word] = 0
    return result + (100 if up else -100)


@cold
def hikkake(s: Any, n: Any) -> Any:
    """Detect an inside bar and a breakout."""
    if n < FIRST - WAIT:
        return 0
    found = broke(s, n) if inside_bar(s, n, 1) else 0
    result = follow(s, n, found, HIKKAKE_AT, HIKKAKE_RESULT)
    return result if n >= FIRST else 0


@cold
def modified_hikkake(s: Any, n: Any) -> Any:
    """Detect two inside bars, the first closing near the end that breaks, and a breakout."""
    if n < MODIFIED_FIRST - WAIT:
        return 0
    found = broke(s, n) if inside_bar(s, n, 1) and inside_bar(s, n, 2) else 0
    reach = near(s, n, 2, MODIFIED_FIRST - WAIT)
    if found > 0 and not close(s, n, 2) <= low(s, n, 2) + reach:
        found = 0
    if found < 0 and not close(s, n, 2) >= high(s, n, 2) - reach:
        found = 0
    result = follow(s, n, found, MODIFIED_AT, MODIFIED_RESULT)
    return result if n >= MODIFIED_FIRST else 0
