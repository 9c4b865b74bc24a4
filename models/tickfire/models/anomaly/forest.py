"""Detector of anomalous bars: an isolation forest over z-scores, walked as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.anomaly.bars_kernel import (
    BAR_FEATURES,
    BAR_ROW_WORDS,
    LAST_CLOSE,
    bar_features,
)
from tickfire.models.export.exported import Exported
from tickfire.models.export.walk_kernel import WALK_TREES

type Floats = NDArray[np.float64]

BAR_FEATURE_NAMES: Final = ("return", "gap", "range", "volume")
_PREFIX: Final = "forest_"


class Forest(NamedTuple):
    """An isolation forest over bars, with its criteria.

    Attributes
    ----------
    trees : Exported
        Isolation forest over the z-scores of `BAR_FEATURE_NAMES`.
    threshold : float
        Least score of an anomaly; scores are from 0 to 1, and higher is stranger.
    warm_up : int
        Number of bars of a series before its first alarm.
    refractory : int
        Number of bars after an alarm of a series in which it has no other.
    """

    trees: Exported
    threshold: float
    warm_up: int
    refractory: int

    def scores(self, z: Floats) -> Floats:
        """Return the scores, float64[n], of z-scores, float64[n, 4]; 0 where one is not finite."""
        known = np.isfinite(z).all(axis=1)
        out = np.zeros(len(z))
        out[known] = self._of_known(z[known])
        return out

    def _of_known(self, z: Floats) -> Floats:
        """Return the result of `Exported` without its checks: the rows are known to be finite."""
        a = self.trees.arrays
        rows = z.astype(np.float32).astype(np.float64).ravel()
        depth = np.tile(a["baseline"], len(z))
        WALK_TREES.raw(
            *(rows, self.trees.columns, a["roots"], a["outputs_of"], a["feature"]),
            *(a["threshold"], a["left"], a["right"], a["missing_left"], a["value"]),
            *(len(a["value"]) // len(a["feature"]), float(a["scale"][0]), 1, depth),
        )
        return np.exp2(-depth / float(a["whole"][0]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the artifact."""
        return {f"{_PREFIX}{name}": array for name, array in self.trees.arrays.items()}

    def options(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON values."""
        return {
            "trees": self.trees.options(),
            "threshold": self.threshold,
            "warm_up": self.warm_up,
            "refractory": self.refractory,
            "features": list(BAR_FEATURE_NAMES),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> Forest:
        """Return the forest of an artifact's arrays and options.

        Raises
        ------
        ValueError, KeyError, TypeError
            The arrays and options do not fit together.
        """
        if list(options["features"]) != list(BAR_FEATURE_NAMES):
            raise ValueError("it is a forest over other features")
        own = {
            name.removeprefix(_PREFIX): array
            for name, array in arrays.items()
            if name.startswith(_PREFIX)
        }
        trees = Exported.of(own, options["trees"])
        if trees.columns != BAR_FEATURES or trees.kind != "depth":
            raise ValueError("it is not an isolation forest over the features of bars")
        if not 0.0 < float(options["threshold"]) < 1.0:
            raise ValueError("the threshold of bars must be between 0 and 1")
        numbers = int(options["warm_up"]), int(options["refractory"])
        return cls(trees, float(options["threshold"]), *numbers)


class BarFeatures:
    """Z-scores of the features of bars, for any number of series.

    Parameters
    ----------
    series : int
        Number of series to make room for at first.
    """

    def __init__(self, series: int = 1) -> None:
        self._states = np.zeros((series, BAR_ROW_WORDS), np.float64)

    def reset(self, series: int) -> None:
        """Forget what is known of a series."""
        self._states[series] = 0.0

    def interrupt(self, series: int) -> None:
        """Compare the next bar of a series with none before; what was learnt stays."""
        self._states[series, LAST_CLOSE] = 0.0

    def push(self, bars: ArrayLike, series: ArrayLike | None = None) -> Floats:
        """Take the next closed bars and return their z-scores.

        Parameters
        ----------
        bars : float[5, n]
            Opens, highs, lows, closes and volumes.
        series : int[n], optional
            Index of the series of each bar; 0 if left out.

        Returns
        -------
        float64[n, 4]
            NaN for the first bar of a series, and for bars whose prices are not above 0.

        Raises
        ------
        ValueError
            There is not one series, 0 or more, for each bar.
        """
        rows = np.array(bars, np.float64, order="C").reshape(5, -1)
        count = rows.shape[1]
        which = np.zeros(count, np.int64) if series is None else np.array(series, np.int64, ndmin=1)
        if which.shape != (count,) or (count and which.min() < 0):
            raise ValueError("each bar needs the index of its series, 0 or more")
        self._make_room(int(which.max(initial=0)) + 1)
        out = np.empty((count, BAR_FEATURES), np.float64)
        bar_features(which, rows, address_of(self._states), out)
        return out

    def _make_room(self, series: int) -> None:
        if series > len(self._states):
            states = np.zeros((2 * series, BAR_ROW_WORDS), np.float64)
            states[: len(self._states)] = self._states
            self._states = states


class BarAlarm(NamedTuple):
    """An anomalous bar.

    Attributes
    ----------
    bar_index : int
        Index of the bar among those given.
    feature : str
        The one of `BAR_FEATURE_NAMES` whose z-score is the largest in magnitude.
    score : float
        Score of the forest.
    z : tuple of 4 floats
        Z-scores of the features.
    """

    bar_index: int
    feature: str
    score: float
    z: tuple[float, ...]


class BarDetector:
    """Detector of anomalous bars, for any number of series.

    Parameters
    ----------
    forest : Forest
        May be replaced between calls.
    """

    def __init__(self, forest: Forest) -> None:
        self.forest = forest
        self._features = BarFeatures()
        self._seen: dict[int, int] = {}
        self._quiet: dict[int, int] = {}

    def reset(self, series: int) -> None:
        """Forget what is known of a series."""
        self._features.reset(series)
        self._seen[series] = self._quiet[series] = 0

    def interrupt(self, series: int) -> None:
        """Compare the next bar of a series with none before; what was learnt stays."""
        self._features.interrupt(series)

    def push(self, bars: ArrayLike, series: ArrayLike) -> list[BarAlarm]:
        """Take the next closed bars, as `BarFeatures.push` does, and return the anomalies."""
        z = self._features.push(bars, series)
        scores = self.forest.scores(z)
        found = []
        for at, number in enumerate(np.array(series, np.int64, ndmin=1).tolist()):
            seen = self._seen[number] = self._seen.get(number, 0) + 1
            learnt = seen > max(self.forest.warm_up, self._quiet.get(number, 0))
            if learnt and scores[at] >= self.forest.threshold:
                self._quiet[number] = seen + self.forest.refractory
                feature = BAR_FEATURE_NAMES[int(np.argmax(np.abs(z[at])))]
                row = tuple(z[at].tolist())
                found.append(BarAlarm(at, feature, float(scores[at]), row))
        return found
