"""Trainer of the signals model: `tickfire train`, kind ``signals``.

Every published figure, the intervals and expected moves included, comes from predictions for bars
that the predicting model had not seen: walk-forward, with an embargo that is longer than any
feature looks back.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tickfire.models.artifact import Artifact, sha256_of
from tickfire.models.signals.inputs import NAMES, Inputs
from tickfire.models.signals.judged import Examples, Judged
from tickfire.models.signals.outlook import KIND, VERSION, OutlookModel
from tickfire.models.signals.report import card, plot, report
from tickfire.models.signals.series import SERIES, MinuteSeries, read_series
from tickfire.models.signals.walk import auc, block_bootstrap, brier, folds
from tickfire.models.training.trainer import Context, Measure, Result

NAME: Final = "signals"
HORIZON: Final = 5
"""Bars."""
PARTS: Final = 7
EMBARGO: Final = 300
"""Bars: more than a label looks ahead, and than the longest feature noticeably remembers."""
STRENGTH: Final = 0.01
"""Inverse strength of the regularisation; not tuned."""
BINS: Final = 10
BLOCK: Final = 24
"""Rows in one block of the bootstrap: two hours."""
COST_BP: Final = 1.0
"""Cost assumed for an instrument about which nothing is known: that of a tight futures market."""
CALIBRATION_FLOOR: Final = 0.05
GOLDEN_ROWS: Final = 5

type Floats = NDArray[np.float64]
type Truths = NDArray[np.bool_]


class SignalsTrainer:
    """Trainer of the artifact ``signals``."""

    def train(self, context: Context) -> Result:
        """Evaluate walk-forward on each series, then train on all of them."""
        data = {one.name: _examples(read_series(context.data / one.file)) for one in SERIES}
        judged = [_judge(one, data[one.name], context) for one in SERIES]
        logits = np.concatenate([one.logits for one in judged])
        outcome = Examples.joined([one.examples for one in judged])
        scale, shift = _calibrate(logits, outcome.up)
        probabilities = 1 / (1 + np.exp(-(scale * logits + shift)))
        weights = scale * _fit(Examples.joined(list(data.values())))
        weights[-1] += shift
        measures = _measures(judged, probabilities, outcome.up)
        artifact = replace(
            _artifact(context, weights, probabilities, outcome),
            metrics={one.name: round(one.value, 6) for one in measures},
        )
        plot(probabilities, outcome.up, context.reports)
        base_rate = float(outcome.up.mean())
        body = report(judged, probabilities, base_rate, OutlookModel(artifact))
        return Result((artifact,), measures, body, card(artifact))


def _examples(bars: Mapping[str, Floats]) -> Examples:
    inputs, deviation = Inputs().push(bars)
    logs = np.log(bars["close"])
    ahead = np.full(len(logs), np.nan)
    ahead[:-HORIZON] = logs[HORIZON:] - logs[:-HORIZON]
    deviations = deviation * np.sqrt(HORIZON)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = ahead / deviations
    known = np.isfinite(inputs).all(axis=1) & np.isfinite(moves) & (ahead != 0)
    return Examples(inputs, moves, deviations, np.arange(len(logs))).part(known)


def _fit(examples: Examples) -> Floats:
    """Return the weights of a logistic regression over unscaled inputs, then the intercept."""
    mean, deviation = examples.inputs.mean(axis=0), examples.inputs.std(axis=0) + 1e-9
    model = LogisticRegression(C=STRENGTH).fit((examples.inputs - mean) / deviation, examples.up)
    weights = model.coef_[0] / deviation
    return np.append(weights, model.intercept_[0] - weights @ mean)


def _judge(series: MinuteSeries, examples: Examples, context: Context) -> Judged:
    """Walk forward through a series."""
    logits, tested = [], []
    bars = examples.bars
    for fold in folds(int(bars[-1]) + 1, PARTS, EMBARGO):
        weights = _fit(examples.part(bars < fold.train_end))
        test = examples.part((bars >= fold.test_start) & (bars < fold.test_end), HORIZON)
        logits.append(test.inputs @ weights[:-1] + weights[-1])
        tested.append(test)
    predicted, outcome = np.concatenate(logits), Examples.joined(tested)
    reached = auc(predicted, outcome.up)
    interval = block_bootstrap(predicted, outcome.up, BLOCK, context.seed)
    context.say(f"signals: {series.name}: AUC {reached:.4f} over {len(predicted):,} rows")
    return Judged(series, predicted, outcome, reached, interval)


def _calibrate(logits: Floats, up: Truths) -> tuple[float, float]:
    """Return the scale and shift of the logits that calibrate them (Platt scaling)."""
    model = LogisticRegression(C=1e6).fit(logits[:, None], up)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _artifact(
    context: Context, weights: Floats, probabilities: Floats, outcome: Examples
) -> Artifact:
    artifact = Artifact(
        name=NAME,
        kind=KIND,
        version=VERSION,
        arrays={"weights": weights, **_evidence(probabilities, outcome)},
        features=NAMES,
        options={"horizon": HORIZON, "cost_bp": COST_BP, "seed": context.seed},
        data={one.file.name: sha256_of(context.data / one.file) for one in SERIES},
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
    )
    model = OutlookModel(artifact)
    rows = np.random.default_rng(context.seed).normal(size=(GOLDEN_ROWS, len(NAMES)))
    golden = tuple({"input": list(row), "output": model.probability(row)} for row in rows)
    return replace(artifact, golden=golden)


def _evidence(probabilities: Floats, outcome: Examples) -> dict[str, Floats]:
    """Return the outcome of the predictions by bins of probability, as `OutlookModel` reads it."""
    edges = np.quantile(probabilities, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, probabilities, side="right")
    counts = np.bincount(bins, minlength=BINS).astype(float)
    sums = np.bincount(bins, outcome.moves, minlength=BINS)
    return {
        "edges": edges,
        "counts": counts,
        "hits": np.bincount(bins, outcome.up, minlength=BINS),
        "moves": sums / np.maximum(counts, 1),
    }


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
