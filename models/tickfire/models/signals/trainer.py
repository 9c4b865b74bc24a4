"""Trains and judges the outlook: `tickfire train`, kind ``signals``.

All that is published of it, the intervals and the expected moves, comes from bars that the model
which spoke of them had not seen: walk-forward, with an embargo longer than any feature looks back.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tickfire.models.artifact import Artifact, sha256_of
from tickfire.models.signals.inputs import NAMES, Inputs
from tickfire.models.signals.outlook import KIND, VERSION, OutlookModel
from tickfire.models.signals.report import card, plot, report
from tickfire.models.signals.series import SERIES, Series, read_series
from tickfire.models.signals.walk import auc, block_bootstrap, brier, folds
from tickfire.models.training.trainer import Context, Measure, Result

NAME: Final = "signals"
HORIZON: Final = 5
"""Bars."""
PARTS: Final = 7
EMBARGO: Final = 300
"""Bars: what a label looks ahead, and more than the longest feature remembers noticeably."""
STRENGTH: Final = 0.01
"""Of the regularisation; not tuned."""
BINS: Final = 10
BLOCK: Final = 24
"""Rows of one block of the bootstrap: two hours."""
COST_BP: Final = 1.0
"""Assumed of an instrument that nothing is known of: a tight futures market."""
CALIBRATION_FLOOR: Final = 0.05

type Floats = NDArray[np.float64]
type Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learnt from one series.

    Attributes
    ----------
    inputs : float64[n, INPUTS]
    moves : float64[n]
        Log return of the next `HORIZON` bars, in deviations.
    deviations : float64[n]
        Of such a return.
    at : int64[n]
        Which bar.
    """

    inputs: Floats
    moves: Floats
    deviations: Floats
    at: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_], step: int = 1) -> Rows:
        """Return some of the rows, every ``step``-th of them."""
        rows = np.flatnonzero(chosen)[::step]
        return Rows(self.inputs[rows], self.moves[rows], self.deviations[rows], self.at[rows])

    @property
    def up(self) -> Truths:
        """Whether the price was higher."""
        return self.moves > 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What the walk forward found of one series; rows that do not overlap.

    Attributes
    ----------
    logits : float64[n]
        What was said of each before it was known.
    rows : Rows
    """

    series: Series
    logits: Floats
    rows: Rows
    auc: float
    auc_interval: tuple[float, float]

    def net_bp(self, probabilities: Floats, base_rate: float, share: float = 0.1) -> float:
        """Return the mean net of following the surest part, up and down, in basis points."""
        sure = np.abs(probabilities - base_rate)
        chosen = sure >= np.quantile(sure, 1 - share)
        side = np.where(probabilities >= base_rate, 1.0, -1.0)
        gross = side * self.rows.moves * self.rows.deviations * 1e4
        return float(gross[chosen].mean() - self.series.cost_bp)


class SignalsTrainer:
    """Makes the artifact ``signals``."""

    def train(self, context: Context) -> Result:
        """Walk forward through each series, then train on all of them."""
        data = {one.name: _rows(read_series(context.data / one.file)) for one in SERIES}
        judged = []
        for one in SERIES:
            found = _walk(one, data[one.name], context.seed)
            context.say(f"signals: {one.name}: AUC {found.auc:.4f} over {len(found.logits):,} rows")
            judged.append(found)
        logits = np.concatenate([one.logits for one in judged])
        up = np.concatenate([one.rows.up for one in judged])
        scale, shift = _calibrate(logits, up)
        probabilities = 1 / (1 + np.exp(-(scale * logits + shift)))
        weights = _fit(_joined(list(data.values())))
        weights = scale * weights
        weights[-1] += shift
        moves = np.concatenate([one.rows.moves for one in judged])
        artifact = _artifact(context, weights, probabilities, up, moves)
        measures = _measures(judged, probabilities, up)
        artifact = replace(artifact, metrics={m.name: round(m.value, 6) for m in measures})
        plot(probabilities, up, context.reports)
        base_rate = float(up.mean())
        return Result(
            (artifact,),
            measures,
            report(judged, probabilities, base_rate, OutlookModel(artifact)),
            card(artifact),
        )


def _rows(bars: Mapping[str, Floats]) -> Rows:
    inputs, deviation = Inputs().push(bars)
    logs = np.log(bars["close"])
    ahead = np.full(len(logs), np.nan)
    ahead[:-HORIZON] = logs[HORIZON:] - logs[:-HORIZON]
    deviations = deviation * np.sqrt(HORIZON)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = ahead / deviations
    known = np.isfinite(inputs).all(axis=1) & np.isfinite(moves) & (ahead != 0)
    return Rows(inputs, moves, deviations, np.arange(len(logs))).part(known)


def _joined(rows: list[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(one, name) for one in rows]) for name in Rows.__slots__))


def _fit(rows: Rows) -> Floats:
    """Return the weights of a logistic regression over inputs as they are; the last is alone."""
    mean, deviation = rows.inputs.mean(axis=0), rows.inputs.std(axis=0) + 1e-9
    model = LogisticRegression(C=STRENGTH).fit((rows.inputs - mean) / deviation, rows.up)
    weights = model.coef_[0] / deviation
    return np.append(weights, model.intercept_[0] - weights @ mean)


def _walk(series: Series, rows: Rows, seed: int) -> Judged:
    logits, tested = [], []
    for fold in folds(int(rows.at[-1]) + 1, PARTS, EMBARGO):
        weights = _fit(rows.part(rows.at < fold.train_end))
        test = rows.part((rows.at >= fold.test_start) & (rows.at < fold.test_end), HORIZON)
        logits.append(test.inputs @ weights[:-1] + weights[-1])
        tested.append(test)
    said, of = np.concatenate(logits), _joined(tested)
    interval = block_bootstrap(said, of.up, BLOCK, seed)
    return Judged(series, said, of, auc(said, of.up), interval)


def _calibrate(logits: Floats, up: Truths) -> tuple[float, float]:
    """Return scale and shift of the logits after Platt."""
    model = LogisticRegression(C=1e6).fit(logits[:, None], up)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _artifact(
    context: Context, weights: Floats, probabilities: Floats, up: Truths, moves: Floats
) -> Artifact:
    edges = np.quantile(probabilities, np.linspace(0, 1, BINS + 1)[1:-1])
    place = np.searchsorted(edges, probabilities, side="right")
    counts = np.bincount(place, minlength=BINS).astype(float)
    hits = np.bincount(place, up, minlength=BINS)
    sums = np.bincount(place, moves, minlength=BINS)
    artifact = Artifact(
        name=NAME,
        kind=KIND,
        version=VERSION,
        arrays={
            "weights": weights,
            "edges": edges,
            "counts": counts,
            "hits": hits,
            "moves": sums / np.maximum(counts, 1),
        },
        features=NAMES,
        options={"horizon": HORIZON, "cost_bp": COST_BP, "seed": context.seed},
        data={one.file.name: sha256_of(context.data / one.file) for one in SERIES},
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
    )
    chance = np.random.default_rng(context.seed)
    model = OutlookModel(artifact)
    vectors = chance.normal(size=(5, len(NAMES)))
    golden = tuple({"input": list(row), "output": model.probability(row)} for row in vectors)
    return replace(artifact, golden=golden)


def _measures(judged: list[Judged], probabilities: Floats, up: Truths) -> tuple[Measure, ...]:
    base = float(up.mean())
    gap = _calibration_error(probabilities, up)
    skill = 1 - brier(probabilities, up) / (base * (1 - base))
    return (
        Measure("calibration error", gap, CALIBRATION_FLOOR, 0.03, lower_is_better=True),
        Measure("Brier skill over the base rate", skill),
        *(Measure(f"AUC, {one.series.name}", one.auc) for one in judged),
    )


def _calibration_error(probabilities: Floats, up: Truths) -> float:
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, BINS)
    gaps = [abs(probabilities[rows].mean() - up[rows].mean()) * len(rows) for rows in parts]
    return float(sum(gaps) / len(probabilities))
