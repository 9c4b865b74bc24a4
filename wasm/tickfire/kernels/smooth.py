"""Exponential smoothing, seeded by the plain mean of the first period."""

from __future__ import annotations

from tickfire.kernels.guard import NAN
from tickfire.kernels.portable import Floats

SMOOTH_WORDS = 2


def smooth_next(s: Floats, b: int, x: float, p: float, alpha: float) -> float:
    """Return the smoothed value; words: values seen (at most p), their sum or the smoothed value.

    ``alpha`` is 2 / (p + 1) for an EMA and 1 / p for Wilder's smoothing.
    """
    seen = s[b]
    if seen >= p:
        value = s[b + 1]
        value += alpha * (x - value)
        s[b + 1] = value
        return value
    seen += 1.0
    total = s[b + 1] + x
    s[b] = seen
    if seen < p:
        s[b + 1] = total
        return NAN
    total /= p
    s[b + 1] = total
    return total


def ema_alpha(p: float) -> float:
    """Return the weight of the newest value in an EMA of p."""
    return 2.0 / (p + 1.0)
