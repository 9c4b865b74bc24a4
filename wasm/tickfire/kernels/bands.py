"""Bands over a window: Bollinger bands, Donchian channel, linear regression channel."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, ratio, root, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, In, Out, State, portable
from tickfire.kernels.window import (
    extremes_next,
    extremes_words,
    line_next,
    line_words,
    moments_next,
    moments_words,
)


@portable
def bollinger_words(period: int) -> int:
    """Return the number of words in the state of `bollinger`."""
    return moments_words(period)


@portable
def bollinger(
    src: In, period: int, width: float, state: State, middle: Out, upper: Out, lower: Out
) -> int:
    """Compute Bollinger bands: the mean, and `width` population standard deviations around it.

    A flat window gives exactly the price for all three.
    """
    n = len(src)
    if len(middle) != n or len(upper) != n or len(lower) != n:
        return WRONG_LENGTH
    if len(state) < bollinger_words(period):
        return WRONG_LENGTH
    if not (usable(period) and sound(width)):
        blank(middle)
        blank(upper)
        return blank(lower)
    p = float(period)
    for i in range(n):
        mean = NAN
        reach = NAN
        if sound(src[i]):
            mean, squares = moments_next(state, 0, src[i], p)
            reach = width * root(squares / p)
        middle[i] = mean
        upper[i] = mean + reach
        lower[i] = mean - reach
    return n


@portable
def donchian_words(period: int) -> int:
    """Return the number of words in the state of `donchian`."""
    return extremes_words(period)


@portable
def donchian(
    high: In, low: In, period: int, state: State, upper: Out, lower: Out, middle: Out
) -> int:
    """Compute the Donchian channel: highest high, lowest low and their mean, this bar included.

    A flat window gives exactly the price for all three.
    """
    n = len(high)
    if len(low) != n or len(upper) != n or len(lower) != n or len(middle) != n:
        return WRONG_LENGTH
    if len(state) < donchian_words(period):
        return WRONG_LENGTH
    if not usable(period):
        blank(upper)
        blank(lower)
        return blank(middle)
    p = float(period)
    for i in range(n):
        top = NAN
        bottom = NAN
        if sound(high[i]) and sound(low[i]):
            top, bottom = extremes_next(state, 0, high[i], low[i], p)
        upper[i] = top
        lower[i] = bottom
        middle[i] = 0.5 * (top + bottom)
    return n


@portable
def regression_channel_words(period: int) -> int:
    """Return the number of words in the state of `regression_channel`."""
    return line_words(period)


@portable
def regression_channel(
    src: In,
    period: int,
    width: float,
    state: State,
    middle: Out,
    upper: Out,
    lower: Out,
    slope: Out,
) -> int:
    """Compute the least-squares line over the window: its end, its slope and a band around it.

    The band extends `width` residual deviations (root mean square of the residuals) to either
    side. A window of one value has slope 0; a flat window gives exactly the price, and slope 0.
    """
    n = len(src)
    if len(middle) != n or len(upper) != n or len(lower) != n or len(slope) != n:
        return WRONG_LENGTH
    if len(state) < regression_channel_words(period):
        return WRONG_LENGTH
    if not (usable(period) and sound(width)):
        blank(middle)
        blank(upper)
        blank(lower)
        return blank(slope)
    p = float(period)
    spread = p * (p * p - 1.0) / 12.0
    for i in range(n):
        steep = NAN
        end = NAN
        reach = NAN
        if sound(src[i]):
            mean, squares, products = line_next(state, 0, src[i], p)
            steep = ratio(products, spread, 0.0)
            end = mean + steep * 0.5 * (p - 1.0)
            reach = width * root((squares - steep * products) / p)
        middle[i] = end
        upper[i] = end + reach
        lower[i] = end - reach
        slope[i] = steep
    return n
