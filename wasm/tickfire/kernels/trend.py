"""Trend indicators: ADX with +DI and -DI, supertrend, parabolic SAR, Ichimoku."""

from __future__ import annotations

from tickfire.kernels.guard import NAN, blank, exceeds, larger, ratio, smaller, sound, usable
from tickfire.kernels.portable import WRONG_LENGTH, Floats, In, Out, State, portable
from tickfire.kernels.ranges import ATR_WORDS, atr_next, true_range
from tickfire.kernels.window import delay_next, delay_words, extremes_next, extremes_words

SEEN = 0
HIGH = 1
LOW = 2
CLOSE = 3
PLUS = 4
MINUS = 5
RANGE = 6
INDEX_SEEN = 7
INDEX = 8
STRENGTH = 9
PLUS_INDICATOR = 10
MINUS_INDICATOR = 11
ADX_WORDS = 12


@portable
def adx_words() -> int:
    """Return the number of words in the state of `adx`."""
    return ADX_WORDS


@portable
def adx(
    high: In,
    low: In,
    close: In,
    period: int,
    state: State,
    out: Out,
    plus: Out,
    minus: Out,
) -> int:
    """Compute Wilder's average directional index, with +DI and -DI, all 0 to 100.

    +DI and -DI start at element period. The index starts at 2 period - 1; its seed is the mean of
    the first period. All are 0 while prices have never moved. In a halt after a movement +DI and
    -DI keep their values, and the index approaches their relative difference.
    """
    n = len(close)
    if len(high) != n or len(low) != n or len(state) < adx_words():
        return WRONG_LENGTH
    if len(out) != n or len(plus) != n or len(minus) != n:
        return WRONG_LENGTH
    if not usable(period):
        blank(out)
        blank(plus)
        return blank(minus)
    p = float(period)
    for i in range(n):
        out[i] = NAN
        plus[i] = NAN
        minus[i] = NAN
        if sound(high[i]) and sound(low[i]) and sound(close[i]):
            if move_next(state, high[i], low[i], close[i], p):
                plus[i] = state[PLUS_INDICATOR]
                minus[i] = state[MINUS_INDICATOR]
                out[i] = index_next(state, p)
    return n


def move_next(s: Floats, high: float, low: float, close: float, p: float) -> bool:
    """Update the directional indicators with a bar; return whether they are ready.

    A bar without range and movement shrinks all three sums by the same factor, so their ratios
    are kept as they are, exactly, however small the sums become.
    """
    rise = high - s[HIGH]
    fall = s[LOW] - low
    repeats = rise == 0.0 and fall == 0.0 and close == s[CLOSE]
    reach = true_range(high, low, s[CLOSE])
    s[HIGH] = high
    s[LOW] = low
    s[CLOSE] = close
    seen = s[SEEN]
    if seen == 0.0:
        s[SEEN] = 1.0
        return False
    if seen >= p:  # the sums decay once they hold the first period - 1 moves
        s[PLUS] -= s[PLUS] / p
        s[MINUS] -= s[MINUS] / p
        s[RANGE] -= s[RANGE] / p
    up = larger(0.0, rise)
    down = larger(0.0, fall)
    s[PLUS] += up * exceeds(up, down)
    s[MINUS] += down * exceeds(down, up)
    s[RANGE] += reach
    if seen < p:
        s[SEEN] = seen + 1.0
        return False
    plus = 100.0 * ratio(s[PLUS], s[RANGE], 0.0)
    minus = 100.0 * ratio(s[MINUS], s[RANGE], 0.0)
    strength = 100.0 * ratio(abs(plus - minus), plus + minus, 0.0)
    if repeats and s[INDEX_SEEN] > 0.0 and p > 1.0:
        strength = s[STRENGTH]
        if reach == 0.0:
            plus = s[PLUS_INDICATOR]
            minus = s[MINUS_INDICATOR]
    s[PLUS_INDICATOR] = plus
    s[MINUS_INDICATOR] = minus
    s[STRENGTH] = strength
    return True


def index_next(s: Floats, p: float) -> float:
    """Return the next smoothed index."""
    strength = s[STRENGTH]
    moved = s[PLUS_INDICATOR] + s[MINUS_INDICATOR] > 0.0
    if s[INDEX_SEEN] >= p:
        if moved:
            s[INDEX] = (s[INDEX] * (p - 1.0) + strength) / p
        return s[INDEX]
    s[INDEX_SEEN] += 1.0
    s[INDEX] += strength
    if s[INDEX_SEEN] < p:
        return NAN
    s[INDEX] /= p
    return s[INDEX]


SUPERTREND_WORDS = 4 + ATR_WORDS


@portable
def supertrend_words() -> int:
    """Return the number of words in the state of `supertrend`: direction, bands, close, ATR."""
    return SUPERTREND_WORDS


@portable
def supertrend(
    high: In,
    low: In,
    close: In,
    period: int,
    width: float,
    state: State,
    line: Out,
    direction: Out,
) -> int:
    """Compute supertrend: the trailing band of `width` ATRs, and the direction, 1 up or -1 down.

    It starts downwards with the first ATR, at element period, and turns when the close crosses
    the band. Prices that are flat from the start give exactly the price, and the direction -1; a
    halt keeps the direction.
    """
    n = len(close)
    if len(high) != n or len(low) != n or len(line) != n or len(direction) != n:
        return WRONG_LENGTH
    if len(state) < supertrend_words():
        return WRONG_LENGTH
    if not (usable(period) and sound(width)):
        blank(line)
        return blank(direction)
    for i in range(n):
        line[i] = NAN
        direction[i] = NAN
        if sound(high[i]) and sound(low[i]) and sound(close[i]):
            mean = atr_next(state, 4, high[i], low[i], close[i], float(period))
            if mean == mean:
                middle = 0.5 * (high[i] + low[i])
                trail_next(state, middle + width * mean, middle - width * mean, close[i])
                direction[i] = state[0]
                line[i] = state[2] if state[0] > 0.0 else state[1]
    return n


def trail_next(s: Floats, upper: float, lower: float, close: float) -> None:
    """Tighten the bands, reset one that the last close crossed, and turn if crossed now."""
    before = s[3]
    if s[0] == 0.0:
        s[0] = -1.0
        s[1] = upper
        s[2] = lower
    else:
        s[1] = upper if upper < s[1] or before > s[1] else s[1]
        s[2] = lower if lower > s[2] or before < s[2] else s[2]
    if s[0] > 0.0:
        s[0] = -1.0 if close < s[2] else 1.0
    else:
        s[0] = 1.0 if close > s[1] else -1.0
    s[3] = close


LONG = 1
EXTREME = 2
STOP = 3
PACE = 4
LAST_HIGH = 5
LAST_LOW = 6
SAR_WORDS = 7


@portable
def sar_words() -> int:
    """Return the number of words in the state of `sar`."""
    return SAR_WORDS


@portable
def sar(high: In, low: In, acceleration: float, maximum: float, state: State, out: Out) -> int:
    """Compute Wilder's parabolic stop and reverse, from the second element on.

    The first direction is down if the second bar's low falls farther than its high rises. An
    acceleration above the maximum is limited to it; a negative acceleration or maximum gives NaN.
    Prices that are flat from the start give exactly the price.
    """
    n = len(high)
    if len(low) != n or len(out) != n or len(state) < sar_words():
        return WRONG_LENGTH
    if not (sound(acceleration) and sound(maximum)) or acceleration < 0.0 or maximum < 0.0:
        return blank(out)
    step = smaller(acceleration, maximum)
    for i in range(n):
        clean = sound(high[i]) and sound(low[i])
        out[i] = sar_next(state, high[i], low[i], step, maximum) if clean else NAN
    return n


def sar_next(s: Floats, high: float, low: float, step: float, maximum: float) -> float:
    """Return the stop of a bar."""
    top = s[LAST_HIGH]
    bottom = s[LAST_LOW]
    s[LAST_HIGH] = high
    s[LAST_LOW] = low
    if s[SEEN] == 0.0:
        s[SEEN] = 1.0
        return NAN
    if s[SEEN] == 1.0:
        s[SEEN] = 2.0
        falls = bottom - low > 0.0 and bottom - low > high - top
        s[LONG] = 0.0 if falls else 1.0
        s[EXTREME] = low if falls else high
        s[STOP] = top if falls else bottom
        s[PACE] = step
        top = high
        bottom = low
    if s[LONG] != 0.0:
        # A falling market is a rising one with negated prices.
        return stop_next(s, high, low, top, bottom, 1.0, step, maximum)
    return -stop_next(s, -low, -high, -bottom, -top, -1.0, step, maximum)


def stop_next(
    s: Floats,
    high: float,
    low: float,
    top: float,
    bottom: float,
    sign: float,
    step: float,
    maximum: float,
) -> float:
    """Return the stop of a bar in a rising market; with sign -1 all prices are negated."""
    stop = sign * s[STOP]
    extreme = sign * s[EXTREME]
    if low <= stop:
        turned = larger(larger(extreme, top), high)
        s[LONG] = 0.0 if sign > 0.0 else 1.0
        s[EXTREME] = sign * low
        s[PACE] = step
        following = turned + step * (low - turned)
        s[STOP] = sign * larger(larger(following, top), high)
        return turned
    if high > extreme:
        extreme = high
        s[EXTREME] = sign * high
        s[PACE] = smaller(s[PACE] + step, maximum)
    following = stop + s[PACE] * (extreme - stop)
    s[STOP] = sign * smaller(smaller(following, bottom), low)
    return stop


@portable
def ichimoku_words(conversion: int, base: int, span: int, displacement: int) -> int:
    """Return the number of words in the state of `ichimoku`."""
    windows = extremes_words(conversion) + extremes_words(base) + extremes_words(span)
    return windows + 2 * delay_words(displacement)


@portable
def ichimoku(
    high: In,
    low: In,
    conversion: int,
    base: int,
    span: int,
    displacement: int,
    state: State,
    conversion_line: Out,
    base_line: Out,
    leading_a: Out,
    leading_b: Out,
) -> int:
    """Compute Ichimoku: conversion line, base line and both leading spans; usually 9, 26, 52, 26.

    The spans are those computed ``displacement`` bars ago, which form the cloud at this bar; with
    a displacement of 0 they are this bar's own, to be drawn ahead. The lagging span is the close.
    Flat windows give exactly the price for all four.
    """
    n = len(high)
    if len(low) != n or len(conversion_line) != n or len(base_line) != n:
        return WRONG_LENGTH
    if len(leading_a) != n or len(leading_b) != n:
        return WRONG_LENGTH
    if len(state) < ichimoku_words(conversion, base, span, displacement):
        return WRONG_LENGTH
    shifted = displacement == 0 or usable(displacement)
    if not (usable(conversion) and usable(base) and usable(span) and shifted):
        blank(conversion_line)
        blank(base_line)
        blank(leading_a)
        return blank(leading_b)
    second = extremes_words(conversion)
    third = second + extremes_words(base)
    fourth = third + extremes_words(span)
    fifth = fourth + delay_words(displacement)
    for i in range(n):
        fast = NAN
        slow = NAN
        a = NAN
        b = NAN
        if sound(high[i]) and sound(low[i]):
            fast = middle_next(state, 0, high[i], low[i], conversion)
            slow = middle_next(state, second, high[i], low[i], base)
            a = 0.5 * (fast + slow)
            b = middle_next(state, third, high[i], low[i], span)
            if displacement > 0:
                a = delay_next(state, fourth, a, float(displacement))
                b = delay_next(state, fifth, b, float(displacement))
        conversion_line[i] = fast
        base_line[i] = slow
        leading_a[i] = a
        leading_b[i] = b
    return n


def middle_next(s: Floats, b: int, high: float, low: float, period: int) -> float:
    """Return the middle of the window's range."""
    top, bottom = extremes_next(s, b, high, low, float(period))
    return 0.5 * (top + bottom)
