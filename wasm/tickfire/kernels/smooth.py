"""Exponential smoothing, seeded by the plain mean of the first period."""

from __future__ import annotations

from tickfire.kernels.guard import NAN
from tickfire.kernels.portable import Floats

SMOOTH_WORDS = 2


def smooth_next(s: Floats, b: int, x: float, p: float, alpha: float) -> float:
    """Return the next smoothed value, NaN until the first period is complete.

    The words are the number of values seen (at most p) and the smoothed value, which is the mean
    so far until the first period is complete. ``alpha`` is 2 / (p + 1) for an EMA and 1 / p for
    Wilder's smoothing.

    If all values are equal, the result is exactly that value, because their mean is computed
    without rounding. A value that repeats is reached exactly: where rounding would stop the result
    short of it, within 0.5 / alpha units in the last place, the result becomes the value.
    """
    seen = s[b]
    before = s[b + 1]
    if seen >= p:
        value = before + alpha * (x - before)
        s[b + 1] = value
        if value != before:
            return value
        s[b + 1] = x
        return x
    seen = seen + 1.0 if seen > 0.0 else 1.0  # a state of anything else may hold any number
    value = before + (x - before) / seen
    s[b] = seen
    s[b + 1] = value
    return value if seen >= p else NAN


def ema_alpha(p: float) -> float:
    """Return the weight of the newest value in an EMA of period p."""
    return 2.0 / (p + 1.0)
