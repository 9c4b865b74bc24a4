"""Statistics over a window, as defined."""

from __future__ import annotations

import math

from tests.support.reference.indicators.common import Results, Series, mean, ratio, windows


def rolling(x: Series, period: int, freedom: int) -> Results:
    means: list[float] = []
    variances: list[float] = []
    scores: list[float] = []
    for w in windows(x, period):
        if w is None:
            for row in (means, variances, scores):
                row.append(math.nan)
            continue
        middle = mean(w)
        variance = math.fsum((v - middle) ** 2 for v in w) / (period - freedom)
        means.append(middle)
        variances.append(variance)
        scores.append(ratio(w[-1] - middle, math.sqrt(variance)))
    return [means, variances, scores]


def correlation(x: Series, y: Series, period: int) -> Results:
    coefficients, betas = [], []
    for v, w in zip(windows(x, period), windows(y, period), strict=True):
        if v is None or w is None:
            coefficients.append(math.nan)
            betas.append(math.nan)
            continue
        mx, my = mean(v), mean(w)
        xx = math.fsum((a - mx) ** 2 for a in v)
        yy = math.fsum((b - my) ** 2 for b in w)
        xy = math.fsum((a - mx) * (b - my) for a, b in zip(v, w, strict=True))
        coefficients.append(ratio(xy, math.sqrt(xx * yy)))
        betas.append(ratio(xy, xx))
    return [coefficients, betas]
