"""Returns, volatility, drawdown, as defined."""

from __future__ import annotations

import math
from itertools import pairwise

from tests.support.reference.indicators.common import Results, Series, mean, windows

NAN = math.nan


def returns(x: Series, lag: int) -> Results:
    made = [b / a - 1 if a else NAN for a, b in zip(x, x[lag:], strict=False)]
    return [([NAN] * lag + made)[: len(x)]]


def log_returns(x: Series, lag: int) -> Results:
    made = [math.log(b / a) if a > 0 and b > 0 else NAN for a, b in zip(x, x[lag:], strict=False)]
    return [([NAN] * lag + made)[: len(x)]]


def realised_volatility(x: Series, period: int, per_year: float) -> Results:
    """Return it for prices that are all above 0."""
    squares = [math.log(b / a) ** 2 for a, b in pairwise(x)]
    made = [NAN if w is None else math.sqrt(mean(w) * per_year) for w in windows(squares, period)]
    return [[NAN, *made][: len(x)]]


def drawdown(x: Series) -> Results:
    falls = []
    for i in range(len(x)):
        peak = max(x[: i + 1])
        falls.append(x[i] / peak - 1 if peak > 0 else NAN)
    deepest = [min((f for f in falls[: i + 1] if f == f), default=NAN) for i in range(len(falls))]
    return [falls, deepest]
