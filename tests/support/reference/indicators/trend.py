"""Trend indicators, as their authors describe them."""

from __future__ import annotations

import math

from tests.support.reference.indicators.bands import atr, true_ranges
from tests.support.reference.indicators.common import Results, Series, mean, ratio, windows

NAN = math.nan


def adx(high: Series, low: Series, close: Series, period: int) -> Results:
    """Wilder's: sums of the first period - 1 moves, then decayed by 1 / period with each move."""
    n = len(close)
    rises = [high[i] - high[i - 1] for i in range(1, n)]
    falls = [low[i - 1] - low[i] for i in range(1, n)]
    plus_moves = [r if r > max(f, 0.0) else 0.0 for r, f in zip(rises, falls, strict=True)]
    minus_moves = [f if f > max(r, 0.0) else 0.0 for r, f in zip(rises, falls, strict=True)]
    ups = wilder_sum(plus_moves, period)
    downs = wilder_sum(minus_moves, period)
    ranges = wilder_sum(true_ranges(high, low, close), period)
    plus = [100 * ratio(u, r) for u, r in zip(ups, ranges, strict=True)]
    minus = [100 * ratio(d, r) for d, r in zip(downs, ranges, strict=True)]
    out: list[float] = []
    seeds: list[float] = []
    for p, m in zip(plus, minus, strict=True):
        strength = 100 * ratio(abs(p - m), p + m)
        if len(seeds) < period:
            seeds.append(strength)
            out.append(mean(seeds) if len(seeds) == period else NAN)
        else:
            out.append((out[-1] * (period - 1) + strength) / period if p + m > 0 else out[-1])
    lead = [NAN] * min(period, n)
    return [lead + out, lead + plus, lead + minus]


def wilder_sum(moves: Series, period: int) -> list[float]:
    """Return the decayed sums from the period-th move on."""
    total = math.fsum(moves[: period - 1])
    out = []
    for move in moves[period - 1 :]:
        total = total - total / period + move
        out.append(total)
    return out


def supertrend(high: Series, low: Series, close: Series, period: int, width: float) -> Results:
    reach = atr(high, low, close, period)[0]
    lines, directions = [], []
    upper = lower = direction = NAN
    for i, size in enumerate(reach):
        if math.isnan(size):
            lines.append(NAN)
            directions.append(NAN)
            continue
        middle = (high[i] + low[i]) / 2
        above, below = middle + width * size, middle - width * size
        if math.isnan(direction):
            upper, lower, direction = above, below, -1.0
        else:
            upper = above if above < upper or close[i - 1] > upper else upper
            lower = below if below > lower or close[i - 1] < lower else lower
        if direction > 0:
            direction = -1.0 if close[i] < lower else 1.0
        else:
            direction = 1.0 if close[i] > upper else -1.0
        lines.append(lower if direction > 0 else upper)
        directions.append(direction)
    return [lines, directions]


def sar(high: Series, low: Series, acceleration: float, maximum: float) -> Results:
    """Wilder's parabolic stop: never within the last two bars' range, reversed when reached."""
    if len(high) < 2:
        return [[NAN] * len(high)]
    step = min(acceleration, maximum)
    long = not (low[0] - low[1] > 0 and low[0] - low[1] > high[1] - high[0])
    stop, extreme = (low[0], high[1]) if long else (high[0], low[1])
    pace = step
    out = [NAN]
    for i in range(1, len(high)):
        before = max(1, i - 1)
        if low[i] <= stop if long else high[i] >= stop:
            reach = (high[before], high[i]) if long else (low[before], low[i])
            bound = max if long else min
            turned = bound(extreme, *reach)
            out.append(turned)
            long = not long
            pace, extreme = step, low[i] if not long else high[i]
            stop = bound(turned + pace * (extreme - turned), *reach)
            continue
        out.append(stop)
        if high[i] > extreme if long else low[i] < extreme:
            extreme = high[i] if long else low[i]
            pace = min(pace + step, maximum)
        reach = (low[before], low[i]) if long else (high[before], high[i])
        stop = (min if long else max)(stop + pace * (extreme - stop), *reach)
    return [out]


def ichimoku(
    high: Series, low: Series, conversion: int, base: int, span: int, displacement: int
) -> Results:
    fast, slow = middles(high, low, conversion), middles(high, low, base)
    a = [(x + y) / 2 for x, y in zip(fast, slow, strict=True)]
    b = middles(high, low, span)
    n = len(high)
    return [fast, slow, *([([NAN] * displacement + s)[:n] for s in (a, b)])]


def middles(high: Series, low: Series, period: int) -> list[float]:
    return [
        NAN if h is None or f is None else (max(h) + min(f)) / 2
        for h, f in zip(windows(high, period), windows(low, period), strict=True)
    ]
