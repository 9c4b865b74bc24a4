"""The Numenta Anomaly Benchmark: its corpus, and its score under the standard profile.

A detector is scored at one threshold for all series. Here the threshold is frozen on some series
and scored on others, so the figure is not that of the benchmark's own table, which picks the best
threshold on the very corpus that it scores.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError
from tickfire.models.anomaly.nab_kernel import score_alarms, weigh_alarms

FOLDER: Final = Path("nab")
PROBATION: Final = 0.15
PROBATION_VALUES: Final = 5000
"""The probationary part is of at most so many values."""
SWEEP: Final = 160
RAREST: Final = 1e-5
MOST_OFTEN: Final = 0.2
"""Thresholds are swept from one alarm in so many values to another."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of the corpus.

    Attributes
    ----------
    name : str
    values : float64[n]
    windows : int64[w, 2]
        First and last value of each anomaly.
    """

    name: str
    values: Floats
    windows: NDArray[np.int64]

    @property
    def probation(self) -> int:
        """How many values a detector may learn from before it is scored."""
        return int(PROBATION * min(len(self.values), PROBATION_VALUES))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of a detector at thresholds that were chosen elsewhere.

    Attributes
    ----------
    score : float
        Of all series, each at the threshold frozen on the other half.
    halves : tuple of 2 floats
        Of the first and the second half alone.
    thresholds : tuple of 2 floats
        Frozen on the first half (and used on the second), and the other way round.
    """

    score: float
    halves: tuple[float, float]
    thresholds: tuple[float, float]


def read_corpus(folder: Path) -> list[Series]:
    """Read the series and their windows, in order of their names.

    Raises
    ------
    UserError
        A file is missing or not what it should be.
    """
    labels = folder / "labels" / "combined_windows.json"
    try:
        windows = json.loads(labels.read_bytes())
        return [_read(folder / "data" / name, name, windows[name]) for name in sorted(windows)]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(f"The anomaly benchmark in {folder} cannot be read ({error}).") from error


def _read(path: Path, name: str, limits: Sequence[Sequence[str]]) -> Series:
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = np.array([row[0] for row in rows], "datetime64[us]")
    ends = np.array(limits, "datetime64[us]").reshape(-1, 2)
    first = np.searchsorted(times, ends[:, 0], "left")
    last = np.searchsorted(times, ends[:, 1], "right") - 1
    return Series(
        name,
        np.array([float(row[1]) for row in rows]),
        np.ascontiguousarray(np.stack([first, last], axis=1), np.int64),
    )


def raw_scores(series: Series, scores: Floats, thresholds: Floats, refractory: int = 0) -> Floats:
    """Return what the alarms on one series are worth at each threshold: float64[t].

    Parameters
    ----------
    series : Series
    scores : float64[n]
        The detector's.
    thresholds : float64[t]
    refractory : int
        Values after an alarm in which there is no other.
    """
    count = len(series.values)
    weight, window = np.empty(count), np.empty(count, np.int64)
    weigh_alarms(series.windows, weight, window)
    out = np.empty(len(thresholds))
    scores = np.ascontiguousarray(scores, np.float64)
    score_alarms(
        *(scores, weight, window, len(series.windows)),
        *(series.probation, refractory, np.ascontiguousarray(thresholds, np.float64), out),
    )
    return out


def normalised(raw: Floats, windows: int) -> Floats:
    """Return raw scores on the benchmark's scale: 0 of no alarm at all, 100 of a perfect one."""
    return 100.0 * (raw + windows) / (2.0 * windows)


def held_out(corpus: Sequence[Series], scores: Sequence[Floats], refractory: int) -> HeldOut:
    """Freeze a threshold on each half of the series and score the other half at it.

    The halves are every other series, by name.
    """
    ones = np.concatenate([x[s.probation :] for s, x in zip(corpus, scores, strict=True)])
    rates = np.geomspace(RAREST, MOST_OFTEN, SWEEP)
    thresholds = np.unique(np.quantile(ones, 1.0 - rates))
    table = np.array(
        [raw_scores(s, x, thresholds, refractory) for s, x in zip(corpus, scores, strict=True)]
    )
    raw = [table[half::2].sum(axis=0) for half in (0, 1)]
    count = [sum(len(s.windows) for s in corpus[half::2]) for half in (0, 1)]
    frozen = [int(np.argmax(raw[half])) for half in (0, 1)]
    reached = raw[0][frozen[1]], raw[1][frozen[0]]
    return HeldOut(
        float(normalised(np.float64(sum(reached)), sum(count))),  # type: ignore[arg-type]
        (float(normalised(reached[0], count[0])), float(normalised(reached[1], count[1]))),
        (float(thresholds[frozen[0]]), float(thresholds[frozen[1]])),
    )
