"""Moving averages, as defined."""

from __future__ import annotations

import math

from tests.support.reference.indicators.common import (
    Results,
    Series,
    after,
    mean,
    smoothed,
    windows,
)


def sma(x: Series, period: int) -> Results:
    return [[math.nan if w is None else mean(w) for w in windows(x, period)]]


def ema(x: Series, period: int) -> Results:
    return [smoothed(x, period, 2 / (period + 1))]


def wma(x: Series, period: int) -> Results:
    weights = range(1, period + 1)
    return [
        [
            math.nan
            if w is None
            else math.fsum(a * b for a, b in zip(w, weights, strict=True)) / sum(weights)
            for w in windows(x, period)
        ]
    ]


def dema(x: Series, period: int) -> Results:
    [once] = ema(x, period)
    twice = after(period - 1, once, lambda rest: ema(rest, period)[0])
    return [[2 * a - b for a, b in zip(once, twice, strict=True)]]


def macd(x: Series, fast: int, slow: int, signal: int) -> Results:
    fast, slow = min(fast, slow), max(fast, slow)
    short = after(slow - fast, x, lambda rest: ema(rest, fast)[0])
    [long] = ema(x, slow)
    line = [a - b for a, b in zip(short, long, strict=True)]
    average = after(slow - 1, line, lambda rest: ema(rest, signal)[0])
    return [line, average, [a - b for a, b in zip(line, average, strict=True)]]
