"""Baseline of a feature: a robust mean and deviation, and a histogram that forgets.

The z-score of a value is its distance from the mean in standard deviations. Mean and variance are
exponentially weighted. A value enters them no farther than `WINSOR` deviations from the mean, so
that one anomaly does not hide the next, and the deviation has a floor.

The surprise of a value is minus the logarithm of its share in the histogram (streaming HBOS). The
histogram spans the values so far; a value beyond its range widens it, and the old bins are moved
to where their middles fall. Values fade by `DECAY`: rather than scaling down the bins at each
value, each value is given more weight than the one before.

The state is `BASELINE_WORDS` float64 words from index ``at`` on, zero at first.
"""

from __future__ import annotations

import math
from typing import Any, Final

from tickfire.kernels.jit import cold, helper

BINS: Final = 16
DECAY: Final = 0.999
"""Share of a value's weight in the histogram that is left after the next value."""
PRIOR: Final = 0.1
"""Initial content of each bin, relative to the weight of the newest value."""
WINSOR: Final = 3.0
"""Deviations from the mean beyond which a value is cut off in mean and variance."""
TRUSTED: Final = 20
"""Number of values after which the deviation is known well enough to cut off by."""
GROWTH: Final = 1.0 / DECAY
MAX_WEIGHT: Final = 1e9
MOST_BINS_PER_UNIT: Final = 1e300
LEAST_PART: Final = 1e-9
LEAST: Final = 1e-12
"""Floors of a deviation: absolute, and (`LEAST_PART`) relative to the mean."""

COUNT: Final = 0
MEAN: Final = 1
VARIANCE: Final = 2
LOW: Final = 3
HIGH: Final = 4
TOTAL: Final = 5
WEIGHT: Final = 6
DEVIATION: Final = 7
"""Standard deviation so far, at least the floor."""
BINS_PER_UNIT: Final = 8
HISTOGRAM: Final = 9
BASELINE_WORDS: Final = HISTOGRAM + BINS


@helper
def bin_of(s: Any, at: Any, x: Any) -> Any:
    """Return the bin of a value within the range."""
    return min(int((x - s[at + LOW]) * s[at + BINS_PER_UNIT]), BINS - 1)


@cold
def widen(s: Any, at: Any, x: Any) -> None:
    """Widen the histogram to include a value."""
    low, width = s[at + LOW], (s[at + HIGH] - s[at + LOW]) / BINS
    upwards = x > s[at + HIGH]
    s[at + LOW], s[at + HIGH] = min(low, x), max(s[at + HIGH], x)
    s[at + BINS_PER_UNIT] = min(BINS / (s[at + HIGH] - s[at + LOW]), MOST_BINS_PER_UNIT)
    # Start at the edge that stays, so that no bin receives weight before it has been moved.
    for step in range(BINS):
        k = step if upwards else BINS - 1 - step
        held = s[at + HISTOGRAM + k]
        s[at + HISTOGRAM + k] = 0.0
        s[at + HISTOGRAM + bin_of(s, at, low + (k + 0.5) * width)] += held


@cold
def lighten(s: Any, at: Any) -> None:
    """Scale all weights down; their ratios stay."""
    scale = 1.0 / s[at + WEIGHT]
    for k in range(BINS):
        s[at + HISTOGRAM + k] *= scale
    s[at + TOTAL] *= scale
    s[at + WEIGHT] = 1.0


@helper
def weigh(s: Any, at: Any, x: Any, reach: Any) -> Any:
    """Add a value to the histogram; return the earlier weight of its bin, and of all bins.

    A value more than ``reach`` deviations from the mean is counted at that distance.
    """
    if s[at + COUNT] > TRUSTED:
        far = reach * s[at + DEVIATION]
        x = min(max(x, s[at + MEAN] - far), s[at + MEAN] + far)
    elif s[at + COUNT] == 0.0:
        s[at + LOW] = x
        s[at + HIGH] = x
        s[at + WEIGHT] = 1.0
    weight = s[at + WEIGHT]
    held = PRIOR * weight
    total = s[at + TOTAL] + BINS * held
    if x < s[at + LOW] or x > s[at + HIGH]:
        widen(s, at, x)
        k = bin_of(s, at, x)
    else:
        k = bin_of(s, at, x)
        held += s[at + HISTOGRAM + k]
    s[at + HISTOGRAM + k] += weight
    s[at + TOTAL] += weight
    s[at + WEIGHT] = weight * GROWTH
    if weight > MAX_WEIGHT:
        lighten(s, at)
    return held, total


@helper
def z_score(s: Any, at: Any, x: Any, memory: Any, floor: Any) -> Any:
    """Add a value to mean and variance; return its z-score by the values before it.

    ``memory`` is a number of values, ``floor`` is in the unit of the value. The first value has
    the z-score 0.
    """
    count = s[at + COUNT]
    s[at + COUNT] = count + 1.0
    if count == 0.0:
        s[at + MEAN] = x
        s[at + DEVIATION] = max(floor, LEAST_PART * abs(x) + LEAST)
        return 0.0
    sd = s[at + DEVIATION]
    step = x - s[at + MEAN]
    z = step / sd
    rate = 1.0 / min(memory, count + 1.0)
    if count > TRUSTED:
        step = min(max(step, -WINSOR * sd), WINSOR * sd)
    mean = s[at + MEAN] + rate * step
    variance = (1.0 - rate) * (s[at + VARIANCE] + rate * step * step)
    s[at + MEAN] = mean
    s[at + VARIANCE] = variance
    s[at + DEVIATION] = max(math.sqrt(variance), max(floor, LEAST_PART * abs(mean) + LEAST))
    return z
