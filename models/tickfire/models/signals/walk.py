"""Walk-forward evaluation: folds, and scores with their intervals. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Truths = NDArray[np.bool_]

Z_95: Final = 1.959963984540054
RESAMPLES: Final = 400


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows ``[0, train_end)`` to train on and ``[test_start, test_end)`` to evaluate on."""

    train_end: int
    test_start: int
    test_end: int


def folds(count: int, parts: int, embargo: int) -> Iterator[Fold]:
    """Divide a series into folds: the first part is only trained on, each other is tested once.

    Parameters
    ----------
    count : int
        Rows of the series.
    parts : int
    embargo : int
        Rows left out before each test, at least as many as a label looks ahead.
    """
    edges = np.linspace(0, count, parts + 1).astype(int)
    for start, end in itertools.pairwise(edges[1:]):
        yield Fold(max(0, int(start) - embargo), int(start), int(end))


def wilson(hits: float, count: float, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion; (0, 1) for a count of 0."""
    if count <= 0:
        return 0.0, 1.0
    share = hits / count
    scale = 1 + z * z / count
    middle = (share + z * z / (2 * count)) / scale
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / scale
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def auc(scores: Floats, right: Truths) -> float:
    """Return the area under the ROC curve; 0.5 if all outcomes are alike.

    It is the probability that a hit is scored above a miss, with ties counted as half.
    """
    hits = int(right.sum())
    misses = len(right) - hits
    if not hits or not misses:
        return 0.5
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return float((ranks[right].sum() - hits * (hits + 1) / 2) / (hits * misses))


def brier(probabilities: Floats, right: Truths) -> float:
    """Return the Brier score, the mean squared error of the probabilities."""
    return float(np.mean((probabilities - right) ** 2))


def block_bootstrap(
    scores: Floats, right: Truths, block: int, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of the AUC, by resampling blocks of adjacent rows."""
    chance = np.random.default_rng(seed)
    blocks = max(1, len(scores) // block)
    found = []
    for _ in range(resamples):
        starts = chance.integers(0, max(1, len(scores) - block), blocks)
        rows = (starts[:, None] + np.arange(block)).ravel()
        rows = rows[rows < len(scores)]
        found.append(auc(scores[rows], right[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
