"""Kernel that scores closed bars: z-scores of their features by the earlier bars of a series."""

from __future__ import annotations

import math
from typing import Any, Final

from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_f64
from tickfire.models.anomaly.baseline import BASELINE_WORDS, z_score

BAR_FEATURES: Final = 4
"""Return and gap, both relative to the price, and the logarithms of range and volume."""
LAST_CLOSE: Final = 0
BAR_BASELINES: Final = 8
BAR_ROW_WORDS: Final = BAR_BASELINES + BAR_FEATURES * BASELINE_WORDS
BAR_MEMORY: Final = 240.0
"""Memory of means and deviations, in bars."""
PRICE_FLOOR: Final = 1e-5
"""Least deviation of a return or gap, and least range, relative to the price."""
LOG_FLOOR: Final = 0.1
"""Least deviation of a logarithm."""
FARTHEST: Final = 50.0
"""Limit of the magnitude of z-scores."""


# It stays in one piece: the checks, the features and the scores of a bar are one pass over it.
@kernel("int64(int64[::1], float64[:, ::1], int64, float64[:, ::1])")
def bar_features(series: Any, bars: Any, states: Any, out: Any) -> Any:
    """Take closed bars into their series and write their z-scores; return how many have any.

    Parameters
    ----------
    series : int64[n]
        The series of each bar.
    bars : float64[5, n]
        Opens, highs, lows and closes, all above 0, and volumes. Other bars are skipped.
    states : int64
        Address of `BAR_ROW_WORDS` float64 words a series, zero at first.
    out : float64[n, 4]
        NaN for a bar that is skipped, and for the first bar of a series.
    """
    taken = 0
    for i in range(len(series)):
        s = as_f64(states + series[i] * (8 * BAR_ROW_WORDS))
        o, h, l, c, v = bars[0, i], bars[1, i], bars[2, i], bars[3, i], bars[4, i]  # noqa: E741
        before = s[LAST_CLOSE]
        sound = o > 0.0 and l > 0.0 and c > 0.0 and h >= l and h <= 1e100 and 0.0 <= v <= 1e100
        if sound:
            s[LAST_CLOSE] = c
        if not sound or o > 1e100 or c > 1e100 or before <= 0.0:
            for f in range(BAR_FEATURES):
                out[i, f] = math.nan
            continue
        values = (
            c / before - 1.0,
            o / before - 1.0,
            math.log((h - l) / c + PRICE_FLOOR),
            math.log(1.0 + v),
        )
        for f in range(BAR_FEATURES):
            floor = PRICE_FLOOR if f < 2 else LOG_FLOOR
            at = BAR_BASELINES + f * BASELINE_WORDS
            z = z_score(s, at, values[f], BAR_MEMORY, floor)
            out[i, f] = min(max(z, -FARTHEST), FARTHEST)
        taken += 1
    return taken
