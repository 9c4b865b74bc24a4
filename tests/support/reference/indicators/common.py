"""Helpers of the plain references: windows, and the rule for missing numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

LARGEST = 1e100

type Series = Sequence[float]
type Results = list[list[float]]


def windows(values: Series, period: int) -> Iterator[Series | None]:
    """Return the last period values at each step; None until there are so many."""
    for i in range(len(values)):
        yield values[i + 1 - period : i + 1] if i + 1 >= period else None


def mean(values: Series) -> float:
    return math.fsum(values) / len(values)


def without(compute: Callable[..., Results], *inputs: Series) -> Results:
    """Compute as if the steps with an unsound input were not there; NaN at those."""
    steps = range(len(inputs[0]))
    sound = [i for i in steps if all(abs(x[i]) <= LARGEST for x in inputs)]
    results = compute(*([x[i] for i in sound] for x in inputs))
    out = [[math.nan] * len(inputs[0]) for _ in results]
    for row, result in zip(out, results, strict=True):
        for i, value in zip(sound, result, strict=True):
            row[i] = value
    return out


def smoothed(values: Series, period: int, alpha: float) -> list[float]:
    """Smooth exponentially from the mean of the first period on."""
    out: list[float] = []
    for i, x in enumerate(values):
        if i + 1 < period:
            out.append(math.nan)
        elif i + 1 == period:
            out.append(mean(values[:period]))
        else:
            out.append(out[-1] * (1 - alpha) + alpha * x)
    return out


def after(start: int, values: Series, compute: Callable[[Series], list[float]]) -> list[float]:
    """Compute from a step on; NaN before it."""
    return [math.nan] * min(start, len(values)) + compute(values[start:])


def ratio(a: float, b: float) -> float:
    return a / b if b else 0.0
