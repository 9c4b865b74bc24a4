"""Kernels of the signals model: from features to inputs, from inputs to a probability."""

from __future__ import annotations

import math
from typing import Any, Final

from numba import uint64

from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_f64

VALUES: Final = 19
"""Values in a row: those of `inputs.FEATURES`, then the balance of candle patterns."""
INPUTS: Final = 13
"""Inputs in a row; `inputs.NAMES` names them."""
LIMIT: Final = 5.0
"""Inputs are clipped to this magnitude."""
_ROOT_5: Final = math.sqrt(5.0)
_ROOT_15: Final = math.sqrt(15.0)


@helper
def limited(x: Any) -> Any:
    """Return x clipped to `LIMIT`; NaN stays NaN."""
    return LIMIT if x > LIMIT else -LIMIT if x < -LIMIT else x


@helper
def relative(a: Any, b: Any) -> Any:
    """Return a / b, clipped; 0 where b is 0, since a price that does not move says nothing."""
    return limited(a / b) if b != 0.0 else 0.0 * a


@helper
def log_ratio(a: Any, b: Any) -> Any:
    """Return log(a / b), clipped; 0 where it is undefined."""
    return limited(math.log(a / b)) if a > 0.0 and b > 0.0 else 0.0 * (a + b)


@kernel("int64(int64, int64, int64)")
def make_inputs(values: Any, count: Any, out: Any) -> Any:
    """Write the inputs, float64[count, INPUTS], of features, float64[count, VALUES]."""
    for i in range(uint64(count)):
        v = as_f64(values + int(i) * (8 * VALUES))
        x = as_f64(out + int(i) * (8 * INPUTS))
        deviation = v[6]
        atr = v[11]
        x[0] = relative(v[3], deviation)
        x[1] = relative(v[4], deviation * _ROOT_5)
        x[2] = relative(v[5], deviation * _ROOT_15)
        x[3] = limited(v[8])
        x[4] = (v[9] - 50.0) / 50.0
        x[5] = relative(v[10], atr)
        x[6] = relative(2.0 * v[0] - v[12] - v[13], v[12] - v[13])
        x[7] = (v[15] - v[16]) / 100.0
        x[8] = v[14] / 100.0
        x[9] = log_ratio(v[7], deviation)
        x[10] = relative(v[0] - v[1], atr)
        x[11] = log_ratio(v[2], v[17])
        x[12] = limited(v[18])
    return count


@kernel("int64(int64, int64, int64, int64)")
def probabilities(inputs: Any, count: Any, weights: Any, out: Any) -> Any:
    """Write the logistic of each row's weighted sum, float64[count].

    The last weight is the intercept. A row with a NaN gives NaN.
    """
    w = as_f64(weights)
    p = as_f64(out)
    for i in range(uint64(count)):
        x = as_f64(inputs + int(i) * (8 * INPUTS))
        total = w[uint64(INPUTS)]
        for j in range(uint64(INPUTS)):
            total += w[j] * x[j]
        p[i] = 1.0 / (1.0 + math.exp(-total))
    return count
