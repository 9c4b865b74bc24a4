"""`Outlook`: what is said of the next bars, with all that is needed to doubt it."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
    """What the model says after one bar.

    Attributes
    ----------
    probability : float
        That the price is higher `horizon` bars later, calibrated.
    base_rate : float
        How often it was, whatever the model said.
    n : int
        How many times the model said about the same, on bars that it was not trained on.
    low, high : float
        The 95 % interval of how often it then was.
    expected_net_bp : float
        What following it brought in those cases, in basis points at today's volatility, after
        `cost_bp` for the way in and out.
    edge : int
        1 or -1 where the interval excludes the base rate and the net is above 0; else 0: no edge.
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
        """Return it as the items of a ``signal`` event."""
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
    """The model of an artifact.

    Attributes
    ----------
    horizon : int
        Bars of one minute that it looks ahead.
    name : str
        With its version, for `Signal.model`.

    Raises
    ------
    ArtifactError
        The arrays are not those of an outlook, or its golden vectors give something else.
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
            raise ArtifactError(f"{artifact.name} is no outlook: {error}.") from None
        total = float(self._counts.sum())
        if not total or self.horizon < 1 or (np.diff(self._edges) < 0).any():
            raise ArtifactError(f"{artifact.name} is no outlook: it was never judged.")
        self._base_rate = float(self._hits.sum()) / total
        self._intervals = [wilson(h, n) for h, n in zip(self._hits, self._counts, strict=True)]
        self._bounds: list[float] = self._edges.tolist()
        self._result = np.empty(1)
        self._addresses = self._weights.ctypes.data, self._result.ctypes.data
        self.name = f"{artifact.name}/{artifact.version}"
        self._check(artifact)

    @classmethod
    def read(cls, path: Path = DEFAULT_PATH) -> OutlookModel:
        """Read an artifact and verify it.

        Raises
        ------
        ArtifactError
        """
        return cls(load(path, KIND, VERSION))

    def _check(self, artifact: Artifact) -> None:
        for vector in artifact.golden:
            row = np.array(vector["input"], np.float64)
            if row.shape != (INPUTS,) or abs(self.probability(row) - vector["output"]) > _EXACT:
                raise ArtifactError(f"{artifact.name} does not give its golden outputs.")

    def probability(self, row: NDArray[np.float64]) -> float:
        """Return the probability of a higher price for one row of inputs; NaN if unknown."""
        probabilities(row.ctypes.data, 1, *self._addresses)
        return float(self._result[0])

    def say(self, row: NDArray[np.float64], deviation: float) -> Outlook | None:
        """Return the outlook after a bar.

        Parameters
        ----------
        row : float64[INPUTS]
            See `inputs.Inputs`.
        deviation : float
            Of one bar's log return.

        Returns
        -------
        Outlook or None
            None where an input is not known yet.
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
        raise ValueError(f"an array of shape {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError("an array that is not finite")
    return found
