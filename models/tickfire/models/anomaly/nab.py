"""Numenta Anomaly Benchmark: its corpus, and its score with the standard profile.

A detector is scored at one threshold for all series. Here the threshold is frozen on some series
and scored on the others. The benchmark's own table picks the best threshold on the corpus that it
scores, so its figures are not comparable.
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
"""The probationary part has at most so many values."""
SWEEP: Final = 160
RAREST: Final = 1e-5
MOST_OFTEN: Final = 0.2
"""Range of the rates of alarms, per value, over which thresholds are swept."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """A series of the corpus.

    Attributes
    ----------
    name : str
    values : float64[n]
    windows : int64[w, 2]
        Index of the first and of the last value of each anomaly.
    """

    name: str
    values: Floats
    windows: NDArray[np.int64]

    @property
    def probation(self) -> int:
        """Number of values that a detector may learn from before it is scored."""
        return int(PROBATION * min(len(self.values), PROBATION_VALUES))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of a detector at thresholds frozen on other series.

    Attributes
    ----------
    score : float
        Score of all series, each at the threshold frozen on the other half.
    halves : tuple of 2 floats
        Scores of the first and of the second half.
    thresholds : tuple of 2 floats
        Frozen on the first half (for the second), and on the second half (for the first).
    """

    score: float
    halves: tuple[float, float]
    thresholds: tuple[float, float]


def read_corpus(folder: Path) -> list[LabelledSeries]:
    """Read the series and their labels, in order of their names.

    Raises
    ------
    UserError
        A file is missing or malformed.
    """
    labels = folder / "labels" / "combined_windows.json"
    try:
        windows = json.loads(labels.read_bytes())
        return [_read(folder / "data" / name, name, windows[name]) for name in sorted(windows)]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(f"the anomaly benchmark in {folder} cannot be read ({error}).") from error


def _read(path: Path, name: str, limits: Sequence[Sequence[str]]) -> LabelledSeries:
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = np.array([row[0] for row in rows], "datetime64[us]")
    ends = np.array(limits, "datetime64[us]").reshape(-1, 2)
    first = np.searchsorted(times, ends[:, 0], "left")
    last = np.searchsorted(times, ends[:, 1], "right") - 1
    return LabelledSeries(
        name,
        np.array([float(row[1]) for row in rows]),
        np.ascontiguousarray(np.stack([first, last], axis=1), np.int64),
    )


def raw_scores(
    series: LabelledSeries, scores: Floats, thresholds: Floats, refractory: int = 0
) -> Floats:
    """Return the raw score of a detector on one series at each threshold, float64[t].

    Parameters
    ----------
    series : LabelledSeries
    scores : float64[n]
        Scores that the detector gave to the values.
    thresholds : float64[t]
    refractory : int
        Number of values after an alarm in which there is no other.
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
    """Return raw scores on the benchmark's scale: 0 without any alarm, 100 for perfect alarms."""
    return 100.0 * (raw + windows) / (2.0 * windows)


def held_out(
    corpus: Sequence[LabelledSeries], scores: Sequence[Floats], refractory: int
) -> HeldOut:
    """Freeze a threshold on each half of the corpus and score the other half at it.

    The halves alternate, by name.
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
