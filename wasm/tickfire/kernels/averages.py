"""Moving averages: SMA, EMA, WMA, DEMA, MACD."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, Floats, In, Out, State, portable
from tickfire.kernels.smooth import SMOOTH_WORDS, ema_alpha, smooth_next
from tickfire.kernels.window import (
    RUN_WORDS,
    mean_next,
    mean_words,
    run_next,
    weighted_next,
    weighted_words,
)


@portable
def sma_words(period: int) -> int:
    """Return the number of words in the state of `sma`."""
    return mean_words(period)


@portable
def sma(src: In, period: int, state: State, out: Out) -> int:
    """Compute the simple moving average, from element period - 1 on.

    A flat window gives exactly the price.
    """
    n = len(src)
    if len(out) != n or len(state) < sma_words(period):
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    for i in range(n):
        x = src[i]
        out[i] = mean_next(state, 0, x, p) if sound(x) else NAN
    return n


@portable
def ema_words() -> int:
    """Return the number of words in the state of `ema`."""
    return SMOOTH_WORDS


@portable
def ema(src: In, period: int, state: State, out: Out) -> int:
    """Compute the exponential moving average, from element period - 1 on.

    The newest value has the weight 2 / (period + 1); the seed is the mean of the first period.
    Prices that are flat from the start give exactly the price, and a price that stops moving is
    reached exactly in time.
    """
    n = len(src)
    if len(out) != n or len(state) < ema_words():
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    alpha = ema_alpha(p)
    for i in range(n):
        x = src[i]
        out[i] = smooth_next(state, 0, x, p, alpha) if sound(x) else NAN
    return n


@portable
def wma_words(period: int) -> int:
    """Return the number of words in the state of `wma`."""
    return RUN_WORDS + weighted_words(period)


@portable
def wma(src: In, period: int, state: State, out: Out) -> int:
    """Compute the linearly weighted moving average, from element period - 1 on.

    The weights run from 1 for the oldest value to period for the newest. A flat window gives
    exactly the price.
    """
    n = len(src)
    if len(out) != n or len(state) < wma_words(period):
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    weights = 0.5 * p * (p + 1.0)
    for i in range(n):
        x = src[i]
        if sound(x):
            run = run_next(state, 0, x)
            _, weighted = weighted_next(state, RUN_WORDS, x, p)
            out[i] = x if run >= p else weighted / weights
        else:
            out[i] = NAN
    return n


@portable
def dema_words() -> int:
    """Return the number of words in the state of `dema`."""
    return 2 * SMOOTH_WORDS


@portable
def dema(src: In, period: int, state: State, out: Out) -> int:
    """Compute the double exponential moving average: 2 EMA - EMA of EMA, from 2 (period - 1) on.

    Prices that are flat from the start give exactly the price.
    """
    n = len(src)
    if len(out) != n or len(state) < dema_words():
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    alpha = ema_alpha(p)
    for i in range(n):
        x = src[i]
        out[i] = dema_next(state, 0, x, p, alpha) if sound(x) else NAN
    return n


def dema_next(s: Floats, b: int, x: float, p: float, alpha: float) -> float:
    """Return the next double exponential average."""
    once = smooth_next(s, b, x, p, alpha)
    if once != once:
        return NAN
    return 2.0 * once - smooth_next(s, b + SMOOTH_WORDS, once, p, alpha)


@portable
def macd_words() -> int:
    """Return the number of words in the state of `macd`: values skipped, then three averages."""
    return 1 + 3 * SMOOTH_WORDS


@portable
def macd(
    src: In,
    fast: int,
    slow: int,
    signal: int,
    state: State,
    line: Out,
    average: Out,
    histogram: Out,
) -> int:
    """Compute MACD: fast EMA - slow EMA, its EMA over `signal`, and the difference of the two.

    Both averages start at element slow - 1: the seed of the fast one is the mean of the `fast`
    values up to that element. Prices that are flat from the start give 0 for all three.
    """
    n = len(src)
    if len(line) != n or len(average) != n or len(histogram) != n or len(state) < macd_words():
        return WRONG_LENGTH
    if not (usable(fast) and usable(slow) and usable(signal)):
        blank(line)
        blank(average)
        return blank(histogram)
    short = float(min(fast, slow))
    long = float(max(fast, slow))
    for i in range(n):
        x = src[i]
        if sound(x):
            value = macd_next(state, 0, x, short, long)
            mean = NAN
            if value == value:
                s = float(signal)
                mean = smooth_next(state, 1 + 2 * SMOOTH_WORDS, value, s, ema_alpha(s))
            line[i] = value
            average[i] = mean
            histogram[i] = value - mean
        else:
            line[i] = NAN
            average[i] = NAN
            histogram[i] = NAN
    return n


def macd_next(s: Floats, b: int, x: float, short: float, long: float) -> float:
    """Return the next value of fast EMA - slow EMA.

    The words are the number of values that the fast average has skipped, then both averages.
    """
    slow = smooth_next(s, b + 1 + SMOOTH_WORDS, x, long, ema_alpha(long))
    if s[b] < long - short:
        s[b] += 1.0
        return NAN
    return smooth_next(s, b + 1, x, short, ema_alpha(short)) - slow
