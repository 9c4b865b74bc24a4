"""The report on signals, for a reader who does not believe them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tickfire.models.artifact import Artifact
from tickfire.models.signals.walk import wilson
from tickfire.models.training.plotting import SIZE_INCHES, save_figure

if TYPE_CHECKING:
    from tickfire.models.signals.outlook import OutlookModel
    from tickfire.models.signals.trainer import Judged

PLOT: Final = "signals-calibration.png"
TENTH: Final = 0.1

type Floats = NDArray[np.float64]


def report(
    judged: Sequence[Judged], probabilities: Floats, base_rate: float, model: OutlookModel
) -> str:
    """Return the report, markdown."""
    ends = np.cumsum([len(one.logits) for one in judged])[:-1]
    rows, verdicts = [], []
    for one, said in zip(judged, np.split(probabilities, ends), strict=True):
        low, high = one.auc_interval
        net = one.net_bp(said, base_rate, TENTH)
        verdicts.append(low > 0.5 and net > 0)
        rows.append(
            f"| {one.series.name} | {len(said):,} | {one.rows.up.mean():.3f} | {one.auc:.3f} "
            f"| {low:.3f} to {high:.3f} | {one.series.cost_bp:g} | {net:+.2f} "
            f"| {'yes' if verdicts[-1] else 'no edge'} |"
        )
    return f"""# Signals: the direction of the next {model.horizon} minutes

Logistic regression over {len(rows)} series, walk-forward: each part of a series is judged by a
model trained on what lies before it, with an embargo between the two. Rows do not overlap.
Intervals are 95 %, by resampled blocks of two hours. The net is of the surest tenth of what was
said, followed at the close of the bar, less the cost of the way in and out. The calibration, two
numbers, is fitted on the rows that judge it.

| series | rows | went up | AUC | interval | cost, bp | net, bp | an edge after costs |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

An AUC whose interval excludes 0.5 is a regularity, not yet money: here it is a little reversion of
the last moves, smaller than the spread that following it pays.
{_verdict(verdicts)}

![calibration]({PLOT})

What is not in it: sentiment, since no headlines of these months are at hand; fills other than at
the close; markets of other kinds and years. Choices (horizon, inputs, strength of the
regularisation) were made before these figures were seen and were not tuned on them.
"""


def _verdict(verdicts: Sequence[bool]) -> str:
    if not any(verdicts):
        return "**On none of these series does anything remain after costs.**"
    return f"**After costs something remains on {sum(verdicts)} of {len(verdicts)} series.**"


def card(artifact: Artifact) -> str:
    """Return the model card, markdown."""
    figures = "\n".join(f"- {name}: {value:.4f}" for name, value in artifact.metrics.items())
    inputs = "\n".join(f"- {name}" for name in artifact.features)
    return f"""# Model card: signals

The probability that a price is higher {artifact.options["horizon"]} minutes from now: a calibrated
logistic regression over features of minute bars. Each `signal` carries the base rate, how often the
model said about the same on bars that it had not seen, the 95 % interval of what came of it, and
the expected net after cost. It says "no edge" unless that interval excludes the base rate and the
net is above zero; expect it to say so nearly always. It is no advice.

## Inputs
{inputs}

## Trained and judged on
{", ".join(artifact.data)}; walk-forward.

## Figures
{figures}

## Not for
Markets unlike those, bars other than of one minute, trading without judgement of your own.
"""


def plot(probabilities: Floats, up: NDArray[np.bool_], folder: Path) -> None:
    """Draw what was said against what came."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    parts = np.array_split(np.argsort(probabilities, kind="stable"), 10)
    said = np.array([probabilities[rows].mean() for rows in parts])
    came = np.array([up[rows].mean() for rows in parts])
    bounds = np.array([wilson(float(up[rows].sum()), len(rows)) for rows in parts])
    axes.plot([said.min(), said.max()], [said.min(), said.max()], color="0.7", linewidth=1)
    axes.axhline(up.mean(), color="0.8", linestyle=":", linewidth=1)
    spread = np.abs(bounds - came[:, None]).T
    axes.errorbar(said, came, yerr=spread, marker="o", markersize=3, linewidth=0, elinewidth=1)
    axes.set(xlabel="said: probability of a higher price", ylabel="came: part that was higher")
    save_figure(figure, folder / PLOT)
