"""How good a classifier of three classes is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""Of equal width, for the calibration error."""

type Floats = NDArray[np.float64]
type Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against accuracy, by bins of confidence.

    Attributes
    ----------
    confidence, accuracy : float64[BINS]
        Means; NaN where a bin is empty.
    share : float64[BINS]
    """

    confidence: Floats
    accuracy: Floats
    share: Floats


def accuracy(found: Classes, right: Classes) -> float:
    """Return the part that is right."""
    return float((found == right).mean())


def confusion(found: Classes, right: Classes, classes: int = 3) -> NDArray[np.int64]:
    """Return int64[classes, classes]: how many of each class (row) were found as which."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (right, found), 1)
    return table


def macro_f1(found: Classes, right: Classes, classes: int = 3) -> float:
    """Return the mean of the classes' F1; a class that is neither there nor found has 0."""
    table = confusion(found, right, classes)
    both = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(2 * np.diag(table) / np.maximum(both, 1)))


def reliability(probabilities: Floats, right: Classes) -> Reliability:
    """Return what the highest probabilities promise, and what comes of it."""
    highest = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == right
    places = np.minimum((highest * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(places, highest, BINS) / counts
        reached = np.bincount(places, hits, BINS) / counts
    return Reliability(confidence, reached, counts / len(right))


def ece(probabilities: Floats, right: Classes) -> float:
    """Return the expected calibration error of the highest probability."""
    found = reliability(probabilities, right)
    return float(np.nansum(found.share * np.abs(found.confidence - found.accuracy)))
