"""The baseline over one plain series: z-scores and surprises of its values."""

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
    """Score values, in order, by those before them. Returns how many were taken.

    A value that is no number is passed over: its scores are 0 and the state stays.

    Parameters
    ----------
    values : float64[n]
    memory : float64
        Of mean and variance, in values.
    floor : float64
        The least standard deviation, in the unit of the values.
    reach : float64
        How many deviations from the mean a value may widen the histogram.
    state : int64
        Address of `BASELINE_WORDS` words; all zeros at first.
    z, surprise : float64[n]
        Written; the surprise is in nats.
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
