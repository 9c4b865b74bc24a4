"""Ranges and bands, as defined."""

from __future__ import annotations

import math
import statistics

from tests.support.reference.indicators.averages import ema, sma
from tests.support.reference.indicators.common import Results, Series, smoothed, windows


def around(middle: Series, reach: Series) -> Results:
    upper = [m + r for m, r in zip(middle, reach, strict=True)]
    lower = [m - r for m, r in zip(middle, reach, strict=True)]
    return [list(middle), upper, lower]


def bollinger(x: Series, period: int, width: float) -> Results:
    spread = [math.nan if w is None else width * statistics.pstdev(w) for w in windows(x, period)]
    return around(sma(x, period)[0], spread)


def donchian(high: Series, low: Series, period: int) -> Results:
    upper = [math.nan if w is None else max(w) for w in windows(high, period)]
    lower = [math.nan if w is None else min(w) for w in windows(low, period)]
    return [upper, lower, [(a + b) / 2 for a, b in zip(upper, lower, strict=True)]]


def regression_channel(x: Series, period: int, width: float) -> Results:
    ends: list[float] = []
    reaches: list[float] = []
    slopes: list[float] = []
    for w in windows(x, period):
        if w is None:
            for row in (ends, reaches, slopes):
                row.append(math.nan)
            continue
        if period == 1:
            slope, intercept = 0.0, w[0]
        else:
            slope, intercept = statistics.linear_regression(range(period), w)
        line = [intercept + slope * i for i in range(period)]
        squares = math.fsum((a - b) ** 2 for a, b in zip(w, line, strict=True))
        ends.append(line[-1])
        slopes.append(slope)
        reaches.append(width * math.sqrt(squares / period))
    return [*around(ends, reaches), slopes]


def true_ranges(high: Series, low: Series, close: Series) -> list[float]:
    return [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        for i in range(1, len(close))
    ]


def atr(high: Series, low: Series, close: Series, period: int) -> Results:
    values = smoothed(true_ranges(high, low, close), period, 1 / period)
    return [[math.nan, *values][: len(close)]]


def keltner(
    high: Series, low: Series, close: Series, period: int, atr_period: int, width: float
) -> Results:
    reach = [width * r for r in atr(high, low, close, atr_period)[0]]
    return around(ema(close, period)[0], reach)
