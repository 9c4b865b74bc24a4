"""Oscillators: RSI, stochastic, CCI, MFI."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, exceeds, ratio, room, slot, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, Floats, In, Out, State, portable
from tickfire.kernels.ranges import mean_of_three
from tickfire.kernels.smooth import SMOOTH_WORDS, smooth_next
from tickfire.kernels.window import (
    extremes_next,
    extremes_words,
    mean_next,
    mean_words,
    sum_next,
    sum_words,
)

RSI_SEEN = 0
RSI_LAST = 1
RSI_INDEX = 2
RSI_GAIN = 3
RSI_LOSS = RSI_GAIN + SMOOTH_WORDS
RSI_WORDS = RSI_LOSS + SMOOTH_WORDS


@portable
def rsi_words() -> int:
    """Return the number of words in the state of `rsi`."""
    return RSI_WORDS


@portable
def rsi(src: In, period: int, state: State, out: Out) -> int:
    """Compute Wilder's relative strength index, 0 to 100, from element period on.

    It is 0 while the price has never moved, and keeps its value in a halt after a movement.
    """
    n = len(src)
    if len(out) != n or len(state) < rsi_words():
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    for i in range(n):
        x = src[i]
        out[i] = rsi_next(state, x, p, 1.0 / p) if sound(x) else NAN
    return n


def rsi_next(s: Floats, x: float, p: float, alpha: float) -> float:
    """Return the next index."""
    before = s[RSI_LAST]
    s[RSI_LAST] = x
    if s[RSI_SEEN] == 0.0:
        s[RSI_SEEN] = 1.0
        return NAN
    fades = p > 1.0 and s[RSI_GAIN] >= p
    change = x - before
    gain = smooth_next(s, RSI_GAIN, 0.5 * (abs(change) + change), p, alpha)
    loss = smooth_next(s, RSI_LOSS, 0.5 * (abs(change) - change), p, alpha)
    if change != 0.0 or not fades:  # in a halt both means shrink by the same factor
        s[RSI_INDEX] = 100.0 * ratio(gain, gain + loss, 0.0)
    return s[RSI_INDEX]


@portable
def stochastic_words(period: int, slowing: int, smoothing: int) -> int:
    """Return the number of words in the state of `stochastic`."""
    return extremes_words(period) + mean_words(slowing) + mean_words(smoothing)


@portable
def stochastic(
    high: In,
    low: In,
    close: In,
    period: int,
    slowing: int,
    smoothing: int,
    state: State,
    k: Out,
    d: Out,
) -> int:
    """Compute the stochastic oscillator: %K slowed by a simple mean, and %D, the simple mean of %K.

    Both are 0 to 100, and 0 where prices are flat.
    """
    n = len(close)
    if len(high) != n or len(low) != n or len(k) != n or len(d) != n:
        return WRONG_LENGTH
    if len(state) < stochastic_words(period, slowing, smoothing):
        return WRONG_LENGTH
    if not (usable(period) and usable(slowing) and usable(smoothing)):
        blank(k)
        return blank(d)
    slowed = extremes_words(period)
    smoothed = slowed + mean_words(slowing)
    width = float(slowing)
    last = float(smoothing)
    for i in range(n):
        k[i] = NAN
        d[i] = NAN
        if not (sound(high[i]) and sound(low[i]) and sound(close[i])):
            continue
        top, bottom = extremes_next(state, 0, high[i], low[i], float(period))
        if top != top:
            continue
        fast = 100.0 * ratio(close[i] - bottom, top - bottom, 0.0)
        slow = mean_next(state, slowed, fast, width)
        if slow == slow:
            k[i] = slow
            d[i] = mean_next(state, smoothed, slow, last)
    return n


CCI_SCALE = 0.015
"""Lambert's constant, which scales most values to within 100 of zero."""


@portable
def cci_words(period: int) -> int:
    """Return the number of words in the state of `cci`: a window mean, a ring of values."""
    return mean_words(period) + 1 + room(period)


@portable
def cci(high: In, low: In, close: In, period: int, state: State, out: Out) -> int:
    """Compute the commodity channel index, from element period - 1 on; 0 in a flat window."""
    n = len(close)
    if len(high) != n or len(low) != n or len(out) != n or len(state) < cci_words(period):
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    p = float(period)
    ring = mean_words(period)
    for i in range(n):
        if sound(high[i]) and sound(low[i]) and sound(close[i]):
            typical = mean_of_three(high[i], low[i], close[i])
            mean = mean_next(state, 0, typical, p)
            at = slot(state[ring], p)
            state[ring + 1 + int(at)] = typical
            state[ring] = at + 1.0
            out[i] = NAN
            if mean == mean:
                deviation = 0.0
                for j in range(ring + 1, ring + 1 + period):
                    deviation += abs(state[j] - mean)
                out[i] = ratio(typical - mean, CCI_SCALE * deviation / p, 0.0)
        else:
            out[i] = NAN
    return n


@portable
def mfi_words(period: int) -> int:
    """Return the number of words in the state of `mfi`: seen, previous price, two sums."""
    return 2 + 2 * sum_words(period)


@portable
def mfi(high: In, low: In, close: In, volume: In, period: int, state: State, out: Out) -> int:
    """Compute the money flow index, 0 to 100, from element period on; 0 in a flat window."""
    n = len(close)
    if len(high) != n or len(low) != n or len(volume) != n or len(out) != n:
        return WRONG_LENGTH
    if len(state) < mfi_words(period):
        return WRONG_LENGTH
    if not usable(period):
        return blank(out)
    for i in range(n):
        if sound(high[i]) and sound(low[i]) and sound(close[i]) and sound(volume[i]):
            typical = mean_of_three(high[i], low[i], close[i])
            out[i] = mfi_next(state, typical, volume[i], period)
        else:
            out[i] = NAN
    return n


def mfi_next(s: Floats, typical: float, volume: float, period: int) -> float:
    """Return the next index."""
    before = s[1]
    s[1] = typical
    if s[0] == 0.0:
        s[0] = 1.0
        return NAN
    p = float(period)
    flow = typical * volume
    inflow = sum_next(s, 2, flow * exceeds(typical, before), p)
    outflow = sum_next(s, 2 + sum_words(period), flow * exceeds(before, typical), p)
    return 100.0 * ratio(inflow, inflow + outflow, 0.0)
