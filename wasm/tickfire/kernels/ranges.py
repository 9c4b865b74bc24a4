"""Price ranges: typical price, average true range, Keltner channel."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, larger, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, Floats, In, Out, State, portable
from tickfire.kernels.smooth import SMOOTH_WORDS, ema_alpha, smooth_next

ATR_WORDS = 2 + SMOOTH_WORDS


@portable
def typical(high: In, low: In, close: In, out: Out) -> int:
    """Compute the typical price: the mean of high, low and close; exact where they are equal."""
    n = len(close)
    if len(high) != n or len(low) != n or len(out) != n:
        return WRONG_LENGTH
    for i in range(n):
        clean = sound(high[i]) and sound(low[i]) and sound(close[i])
        out[i] = mean_of_three(high[i], low[i], close[i]) if clean else NAN
    return n


def mean_of_three(a: float, b: float, c: float) -> float:
    """Return the mean of three numbers; exactly their value if they are equal."""
    mean = (a + b + c) / 3.0
    return a if a == b and b == c else mean


@portable
def atr_words() -> int:
    """Return the number of words in the state of `atr`."""
    return ATR_WORDS


@portable
def atr(high: In, low: In, close: In, period: int, state: State, out: Out) -> int:
    """Compute Wilder's average true range, from element period on; the first bar has no range.

    It is 0 while prices have never moved, and reaches 0 exactly in a long halt.
    """
    n = len(close)
    if len(high) != n or len(low) != n or len(out) != n or len(state) < atr_words():
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    for i in range(n):
        clean = sound(high[i]) and sound(low[i]) and sound(close[i])
        out[i] = atr_next(state, 0, high[i], low[i], close[i], p) if clean else NAN
    return n


def atr_next(s: Floats, b: int, high: float, low: float, close: float, p: float) -> float:
    """Return the next average; words: seen, previous close, smoothed true range."""
    before = s[b + 1]
    s[b + 1] = close
    if s[b] == 0.0:
        s[b] = 1.0
        return NAN
    return smooth_next(s, b + 2, true_range(high, low, before), p, 1.0 / p)


def true_range(high: float, low: float, before: float) -> float:
    """Return the largest of the bar's range and its distances from the previous close."""
    return larger(larger(high - low, abs(high - before)), abs(low - before))


@portable
def keltner_words() -> int:
    """Return the number of words in the state of `keltner`."""
    return SMOOTH_WORDS + ATR_WORDS


@portable
def keltner(
    high: In,
    low: In,
    close: In,
    period: int,
    atr_period: int,
    width: float,
    state: State,
    middle: Out,
    upper: Out,
    lower: Out,
) -> int:
    """Compute the Keltner channel: the EMA of the close, and `width` ATRs around it.

    Prices that are flat from the start give exactly the price for all three.
    """
    n = len(close)
    if len(high) != n or len(low) != n or len(state) < keltner_words():
        return WRONG_LENGTH
    if len(middle) != n or len(upper) != n or len(lower) != n:
        return WRONG_LENGTH
    if not (usable(period) and usable(atr_period) and sound(width)):
        blank(middle)
        blank(upper)
        return blank(lower)
    p = float(period)
    for i in range(n):
        mean = NAN
        reach = NAN
        if sound(high[i]) and sound(low[i]) and sound(close[i]):
            mean = smooth_next(state, 0, close[i], p, ema_alpha(p))
            q = float(atr_period)
            reach = width * atr_next(state, SMOOTH_WORDS, high[i], low[i], close[i], q)
        middle[i] = mean
        upper[i] = mean + reach
        lower[i] = mean - reach
    return n
