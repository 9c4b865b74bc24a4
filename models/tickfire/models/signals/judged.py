"""Training examples of the signals model, and its walk-forward results on one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.signals.series import MinuteSeries

BASIS_POINTS: Final = 1e4

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of inputs with their outcomes.

    Attributes
    ----------
    inputs : float64[n, INPUTS]
    moves : float64[n]
        Log return over the horizon that follows, in standard deviations.
    deviations : float64[n]
        Standard deviation of such a return.
    bars : int64[n]
        Index of the bar of each row in its series.
    """

    inputs: Floats
    moves: Floats
    deviations: Floats
    bars: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_], step: int = 1) -> Examples:
        """Return every ``step``-th of the chosen rows."""
        rows = np.flatnonzero(chosen)[::step]
        return Examples(self.inputs[rows], self.moves[rows], self.deviations[rows], self.bars[rows])

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Return the rows of several sets, one after another."""
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__)
        )

    @property
    def up(self) -> NDArray[np.bool_]:
        """Outcomes, bool[n]: True where the price rose."""
        return self.moves > 0


@dataclass(frozen=True, slots=True)
class Judged:
    """Walk-forward predictions for one series, and their outcome.

    Attributes
    ----------
    series : MinuteSeries
    logits : float64[n]
        Predictions, each by a model that had not seen its row.
    examples : Examples
        The rows predicted; they do not overlap.
    auc : float
    auc_interval : tuple of 2 floats
        95 % interval.
    """

    series: MinuteSeries
    logits: Floats
    examples: Examples
    auc: float
    auc_interval: tuple[float, float]

    def net_bp(self, probabilities: Floats, base_rate: float, share: float = 0.1) -> float:
        """Return the mean return of following the most confident predictions, after costs.

        Parameters
        ----------
        probabilities : float64[n]
            Calibrated probabilities of the rows.
        base_rate : float
            The probability that stands for "no opinion".
        share : float
            The share of the rows to follow, from the most confident on.

        Returns
        -------
        float
            Basis points.
        """
        confidence = np.abs(probabilities - base_rate)
        chosen = confidence >= np.quantile(confidence, 1 - share)
        side = np.where(probabilities >= base_rate, 1.0, -1.0)
        gross = side * self.examples.moves * self.examples.deviations * BASIS_POINTS
        return float(gross[chosen].mean() - self.series.cost_bp)
