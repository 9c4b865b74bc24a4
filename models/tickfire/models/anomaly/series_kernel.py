"""Kernel that scores a single series: z-scores and surprises of its values."""

from __future__ import annotations

import math
from typing import Any

from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_f64
from tickfire.models.anomaly.baseline import weigh, z_score


@kernel("int64(float64[::1], float64, float64, float64, int64, float64[::1], float64[::1])")
def score_series(
    values: Any, memory: Any, floor: Any, reach: Any, state: Any, z: Any, surprise: Any
) -> Any:
    """Score each value by the values before it; return how many were finite.

    A value that is not finite is skipped: its scores are 0 and the state stays as it is.

    Parameters
    ----------
    values : float64[n]
    memory : float64
        Memory of mean and variance, in values.
    floor : float64
        Least standard deviation, in the unit of the values.
    reach : float64
        Number of deviations from the mean up to which a value may widen the histogram.
    state : int64
        Address of `BASELINE_WORDS` words, zero at first.
    z, surprise : float64[n]
        Output; the surprise is in nats.
    """
    s = as_f64(state)
    taken = 0
    for i in range(len(values)):
        x = values[i]
        z[i] = 0.0
        surprise[i] = 0.0
        if abs(x) <= 1e100:
            held, total = weigh(s, 0, x, reach)
            surprise[i] = math.log(total / held)
            z[i] = z_score(s, 0, x, memory, floor)
            taken += 1
    return taken
