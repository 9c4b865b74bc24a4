"""Outlook on the direction of the price, with the evidence to doubt it by."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.pointers import address_of
from tickfire.models.artifact import SHIPPED, Artifact, ArtifactError, load
from tickfire.models.signals.outlook_kernel import INPUTS, probabilities
from tickfire.models.signals.walk import wilson

KIND: Final = "signals"
VERSION: Final = 1
DEFAULT_PATH: Final = SHIPPED / "signals.json"
BASIS_POINT: Final = 1e-4
_EXACT: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Outlook:
    """Prediction of the model after one bar.

    Attributes
    ----------
    probability : float
        Calibrated probability that the price is higher ``horizon`` bars later.
    base_rate : float
        Overall share of bars after which the price was higher.
    n : int
        Number of similar predictions for bars that the model was not trained on.
    low, high : float
        The 95 % interval of the share of these after which the price was higher.
    expected_net_bp : float
        Mean return of following such predictions, in basis points at today's volatility, less
        ``cost_bp``.
    cost_bp : float
        Cost of a round trip, in basis points.
    edge : int
        1 or -1 where the interval excludes the base rate and the net is above 0, else 0.
    horizon : int
        Bars.
    """

    probability: float
    base_rate: float
    n: int
    low: float
    high: float
    expected_net_bp: float
    cost_bp: float
    edge: int
    horizon: int

    def as_detail(self) -> dict[str, Any]:
        """Return the items of a ``signal`` event."""
        return {
            "kind": "direction",
            "says": {1: "up", -1: "down"}.get(self.edge, "no edge"),
            "probability": round(self.probability, 4),
            "base_rate": round(self.base_rate, 4),
            "n": self.n,
            "interval": [round(self.low, 4), round(self.high, 4)],
            "expected_net_bp": round(self.expected_net_bp, 3),
            "cost_bp": self.cost_bp,
            "horizon": f"{self.horizon}m",
        }


class OutlookModel:
    """Logistic regression over `Inputs`, with its evidence.

    Parameters
    ----------
    artifact : Artifact
        Of kind `KIND` and version `VERSION`.

    Attributes
    ----------
    horizon : int
        Number of minutes that it looks ahead.
    name : str
        Name and version, for `Signal.model`.

    Raises
    ------
    ArtifactError
        The arrays are not those of an outlook, or the golden vectors are not reproduced.
    """

    def __init__(self, artifact: Artifact) -> None:
        arrays, options = artifact.arrays, artifact.options
        try:
            self._weights = _floats(arrays["weights"], INPUTS + 1)
            self._edges = _floats(arrays["edges"])
            bins = len(self._edges) + 1
            self._counts = _floats(arrays["counts"], bins)
            self._hits = _floats(arrays["hits"], bins)
            self._moves = _floats(arrays["moves"], bins)
            self.horizon = int(options["horizon"])
            self._cost_bp = float(options["cost_bp"])
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{artifact.name} is not an outlook: {error}.") from None
        total = float(self._counts.sum())
        if not total or self.horizon < 1 or (np.diff(self._edges) < 0).any():
            raise ArtifactError(f"{artifact.name} is not an outlook: it was never evaluated.")
        self._base_rate = float(self._hits.sum()) / total
        self._intervals = [wilson(h, n) for h, n in zip(self._hits, self._counts, strict=True)]
        self._bounds: list[float] = self._edges.tolist()
        self._result = np.empty(1)
        self._addresses = address_of(self._weights), address_of(self._result)
        self.name = f"{artifact.name}/{artifact.version}"
        self._check(artifact)

    @classmethod
    def read(cls, path: Path = DEFAULT_PATH) -> OutlookModel:
        """Read and verify an artifact.

        Raises
        ------
        ArtifactError
            The artifact cannot be used.
        """
        return cls(load(path, KIND, VERSION))

    def _check(self, artifact: Artifact) -> None:
        for vector in artifact.golden:
            row = np.array(vector["input"], np.float64)
            if row.shape != (INPUTS,) or abs(self.probability(row) - vector["output"]) > _EXACT:
                raise ArtifactError(f"{artifact.name} does not reproduce its golden vectors.")

    def probability(self, row: NDArray[np.float64]) -> float:
        """Return the probability of a rise for one row of inputs; NaN if an input is unknown."""
        probabilities(address_of(row), 1, *self._addresses)
        return float(self._result[0])

    def predict(self, row: NDArray[np.float64], deviation: float) -> Outlook | None:
        """Return the outlook after a bar, or None if an input is unknown.

        Parameters
        ----------
        row : float64[INPUTS]
            Inputs of the bar; see `Inputs.push`.
        deviation : float
            Standard deviation of the log return of one bar.
        """
        up = self.probability(row)
        if not math.isfinite(up) or not math.isfinite(deviation):
            return None
        at = bisect_right(self._bounds, up)
        low, high = self._intervals[at]
        move_bp = float(self._moves[at]) * deviation * math.sqrt(self.horizon) / BASIS_POINT
        side = 1 if up >= self._base_rate else -1
        net = side * move_bp - self._cost_bp
        beyond = low > self._base_rate if side > 0 else high < self._base_rate
        return Outlook(
            probability=up,
            base_rate=self._base_rate,
            n=int(self._counts[at]),
            low=low,
            high=high,
            expected_net_bp=net,
            cost_bp=self._cost_bp,
            edge=side if beyond and net > 0 else 0,
            horizon=self.horizon,
        )


def _floats(array: NDArray[np.generic], length: int | None = None) -> NDArray[np.float64]:
    found = np.ascontiguousarray(array, np.float64)
    if found.ndim != 1 or (length is not None and len(found) != length):
        raise ValueError(f"an array has the shape {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError("an array holds values that are not finite")
    return found
