"""Kernels of the Numenta Anomaly Benchmark's score of a detector on one series.

An alarm within the window of an anomaly earns up to 1, and more the earlier it is; only the best
alarm of a window counts, and a window without one costs 1. An alarm outside costs up to 0.11, and
less the closer it follows a window (the standard profile). Alarms in the probationary period do
not count.
"""

from __future__ import annotations

import math
from typing import Any, Final

from tickfire.kernels.jit import helper, kernel

FALSE_ALARM: Final = 0.11
STEEPNESS: Final = 5.0
FAR: Final = 3.0
"""Distance past a window, in widths of it, from which a false alarm costs the most."""


@helper
def worth(position: Any) -> Any:
    """Return the value of an alarm: near 1 at a window's start, 0 at its end, -1 far past it."""
    if position >= FAR:
        return -1.0
    return 2.0 / (1.0 + math.exp(STEEPNESS * position)) - 1.0


@kernel("void(int64[:, ::1], float64[::1], int64[::1])")
def weigh_alarms(windows: Any, weight: Any, window: Any) -> None:
    """Write the value of an alarm at each index, and the window it is in (-1 for none).

    ``windows`` is int64[w, 2]: the first and last index of each, in order, not touching.
    """
    best = worth(-1.0)
    k = 0
    last, width = -1, 0.0
    for i in range(len(weight)):
        if k < len(windows) and i >= windows[k, 0]:
            span = windows[k, 1] - windows[k, 0] + 1
            weight[i] = worth(-(windows[k, 1] - i + 1) / span) / best
            window[i] = k
            if i == windows[k, 1]:
                last, width = i, float(span)
                k += 1
        else:
            past = worth((i - last) / (width - 1.0)) if last >= 0 else -1.0
            weight[i] = FALSE_ALARM * past
            window[i] = -1


@kernel(
    "void(float64[::1], float64[::1], int64[::1], int64, int64, int64, float64[::1], float64[::1])"
)
def score_alarms(
    scores: Any,
    weight: Any,
    window: Any,
    windows: Any,
    probation: Any,
    refractory: Any,
    thresholds: Any,
    out: Any,
) -> None:
    """Write the raw score at each threshold.

    An alarm is a score that reaches the threshold, and that is not among the ``refractory`` values
    after another alarm.
    """
    for t in range(len(thresholds)):
        total = 0.0
        quiet_until = -1
        at = -1
        best = -1.0
        found = 0
        for i in range(probation, len(scores)):
            if scores[i] >= thresholds[t] and i > quiet_until:
                quiet_until = i + refractory
                if window[i] < 0:
                    total += weight[i]
                else:
                    if window[i] != at:
                        total += best if at >= 0 else 0.0
                        at, best = window[i], -1.0
                        found += 1
                    best = max(best, weight[i])
        if at >= 0:
            total += best
        out[t] = total - (windows - found)
