"""Fit of the isolation forest over bars, by scikit-learn, and of its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from tickfire.base.units import NS_PER_S, PRICE_SCALE
from tickfire.models.anomaly.forest import BarFeatures, Forest
from tickfire.models.export.from_sklearn import export
from tickfire.store.schema import MINUTE_S

TREES: Final = 16
SAMPLES: Final = 128
RATE: Final = 2e-3
"""Share of the bars that may reach the threshold."""
LEAST: Final = 0.64
WARM_UP: Final = 30
REFRACTORY: Final = 5
DAY_S: Final = 86_400
OPENS_S: Final = 13.5 * 3600
CLOSES_S: Final = 20 * 3600
"""The exchange's regular hours on that day, UTC: there is hardly any trading outside them."""


@dataclass(frozen=True, slots=True)
class FittedForest:
    """A fitted forest, with its results on bars that it was not fitted on.

    Attributes
    ----------
    forest : Forest
    bars, alarms : int
        Bars of the second half of the day, and anomalies among them.
    difference : float
        Largest difference from scikit-learn's own scores of these bars.
    """

    forest: Forest
    bars: int
    alarms: int
    difference: float


def fit_forest(bars: NDArray[Any], seed: int) -> FittedForest:
    """Fit on the first half of the minutes and evaluate on the second.

    Parameters
    ----------
    bars : BAR[n]
        Finished bars, in order of time.
    seed : int
        Seed of the forest.
    """
    second = bars["start"] // NS_PER_S % DAY_S
    regular = (second >= OPENS_S) & (second < CLOSES_S) & (bars["interval_s"] == MINUTE_S)
    bars = bars[regular]
    series = np.unique(bars["instrument_id"], return_inverse=True)[1]
    prices = [bars[name] / PRICE_SCALE for name in ("open", "high", "low", "close")]
    z = BarFeatures().push([*prices, bars["volume"].astype(np.float64)], series)
    count = np.zeros(len(bars), np.int64)
    for number in np.unique(series):
        count[series == number] = np.arange((series == number).sum())
    learnt = np.isfinite(z).all(axis=1) & (count >= WARM_UP)
    half = len(bars) // 2
    seen, unseen = z[:half][learnt[:half]], z[half:][learnt[half:]]
    fitted = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=seed).fit(seen)
    trees = export(fitted)
    scores = Forest(trees, 0.5, WARM_UP, REFRACTORY).scores(seen)
    threshold = round(max(float(np.quantile(scores, 1.0 - RATE)), LEAST), 4)
    forest = Forest(trees, threshold, WARM_UP, REFRACTORY)
    found = forest.scores(unseen)
    difference = float(np.abs(found + fitted.score_samples(unseen)).max())
    return FittedForest(forest, len(unseen), int((found >= threshold).sum()), difference)
