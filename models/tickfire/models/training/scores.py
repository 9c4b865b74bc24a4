"""Scores of classifiers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""Number of bins, of equal width, for the calibration error."""

type Floats = NDArray[np.float64]
type Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Accuracy by bins of confidence.

    Attributes
    ----------
    confidence, accuracy : float64[BINS]
        Means of each bin; NaN for an empty bin.
    share : float64[BINS]
        Share of the texts in each bin.
    """

    confidence: Floats
    accuracy: Floats
    share: Floats


def accuracy(found: Classes, right: Classes) -> float:
    """Return the share of right answers."""
    return float((found == right).mean())


def confusion(found: Classes, right: Classes, classes: int = 3) -> NDArray[np.int64]:
    """Return the confusion matrix, int64[classes, classes], with a row for each right class."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (right, found), 1)
    return table


def macro_f1(found: Classes, right: Classes, classes: int = 3) -> float:
    """Return the mean F1 score of the classes; a class that never occurs counts as 0."""
    table = confusion(found, right, classes)
    both = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(2 * np.diag(table) / np.maximum(both, 1)))


def reliability(probabilities: Floats, right: Classes) -> Reliability:
    """Return the accuracy that the highest probabilities promise, and the accuracy reached."""
    highest = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == right
    bins = np.minimum((highest * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bins, highest, BINS) / counts
        reached = np.bincount(bins, hits, BINS) / counts
    return Reliability(confidence, reached, counts / len(right))


def ece(probabilities: Floats, right: Classes) -> float:
    """Return the expected calibration error of the highest probabilities."""
    found = reliability(probabilities, right)
    return float(np.nansum(found.share * np.abs(found.confidence - found.accuracy)))
