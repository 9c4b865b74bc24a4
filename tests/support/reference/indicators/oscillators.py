"""Oscillators, as defined."""

from __future__ import annotations

import math
from itertools import pairwise

from tests.support.reference.indicators.averages import sma
from tests.support.reference.indicators.common import (
    Results,
    Series,
    after,
    mean,
    ratio,
    smoothed,
    windows,
)


def rsi(x: Series, period: int) -> Results:
    changes = [b - a for a, b in pairwise(x)]
    gains = smoothed([max(c, 0.0) for c in changes], period, 1 / period)
    losses = smoothed([max(-c, 0.0) for c in changes], period, 1 / period)
    values = [100 * ratio(g, g + f) for g, f in zip(gains, losses, strict=True)]
    return [[math.nan, *values][: len(x)]]


def stochastic(
    high: Series, low: Series, close: Series, period: int, slowing: int, smoothing: int
) -> Results:
    fast = [
        math.nan if h is None or f is None else 100 * ratio(c - min(f), max(h) - min(f))
        for h, f, c in zip(windows(high, period), windows(low, period), close, strict=True)
    ]
    k = after(period - 1, fast, lambda rest: sma(rest, slowing)[0])
    d = after(period + slowing - 2, k, lambda rest: sma(rest, smoothing)[0])
    return [k, d]


def typical(high: Series, low: Series, close: Series) -> Results:
    return [[(h + f + c) / 3 for h, f, c in zip(high, low, close, strict=True)]]


def cci(high: Series, low: Series, close: Series, period: int) -> Results:
    out = []
    for w in windows(typical(high, low, close)[0], period):
        if w is None:
            out.append(math.nan)
            continue
        middle = mean(w)
        deviation = mean([abs(v - middle) for v in w])
        out.append(ratio(w[-1] - middle, 0.015 * deviation))
    return [out]


def mfi(high: Series, low: Series, close: Series, volume: Series, period: int) -> Results:
    price = typical(high, low, close)[0]
    moves = [
        (b * v if b > a else 0.0, b * v if b < a else 0.0)
        for (a, b), v in zip(pairwise(price), volume[1:], strict=True)
    ]
    out = [math.nan] * min(1, len(price))
    for w in windows(range(len(moves)), period):
        if w is None:
            out.append(math.nan)
            continue
        inflow = math.fsum(moves[int(i)][0] for i in w)
        outflow = math.fsum(moves[int(i)][1] for i in w)
        out.append(100 * ratio(inflow, inflow + outflow))
    return [out]
