"""Report, calibration plot and model card of the signals model, for a sceptical reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tickfire.models.artifact import Artifact
from tickfire.models.signals.judged import Judged
from tickfire.models.signals.outlook import OutlookModel
from tickfire.models.signals.walk import wilson
from tickfire.models.training.plotting import SIZE_INCHES, save_figure

PLOT: Final = "signals-calibration.png"
TENTH: Final = 0.1
TENTHS: Final = 10

type Floats = NDArray[np.float64]


def report(
    judged: Sequence[Judged], probabilities: Floats, base_rate: float, model: OutlookModel
) -> str:
    """Return the body of the report in Markdown.

    Parameters
    ----------
    judged : sequence of Judged
        The walk-forward results, one for each series.
    probabilities : float64[n]
        Calibrated probabilities of all rows, in the order of ``judged``.
    base_rate : float
        The share of all rows after which the price rose.
    model : OutlookModel
    """
    ends = np.cumsum([len(one.logits) for one in judged])[:-1]
    rows, verdicts = [], []
    for one, predicted in zip(judged, np.split(probabilities, ends), strict=True):
        net = one.net_bp(predicted, base_rate, TENTH)
        verdicts.append(one.auc_interval[0] > 0.5 and net > 0)
        rows.append(_row(one, net, verdicts[-1]))
    table = "\n".join(rows)
    return f"""# Signals: the direction of the next {model.horizon} minutes

A logistic regression over {len(rows)} series, evaluated walk-forward: each part of a series is
predicted by a model trained only on what precedes it, with an embargo between the two. Rows do not
overlap. Intervals are 95 %, from a bootstrap over blocks of two hours. The net is the mean return
of following the most confident tenth of the predictions from the close of the bar, less the cost
of getting in and out. The calibration (two numbers) is fitted on the rows that it is evaluated on.

| series | rows | rose | AUC | interval | cost, bp | net, bp | edge after costs |
|---|---|---|---|---|---|---|---|
{table}

An AUC whose interval excludes 0.5 shows a regularity, not a profit: here it is a slight reversion
of recent moves, smaller than the spread paid to follow it.
{_verdict(verdicts)}

![calibration]({PLOT})

Not covered: sentiment, because no headlines of these months are at hand; fills at prices other
than the close; other kinds of markets and other years. The choices (horizon, inputs, strength of
the regularisation) were made before these figures were seen and were not tuned on them.
"""


def _row(one: Judged, net_bp: float, edge: bool) -> str:
    low, high = one.auc_interval
    return (
        f"| {one.series.name} | {len(one.logits):,} | {one.examples.up.mean():.3f} | {one.auc:.3f} "
        f"| {low:.3f} to {high:.3f} | {one.series.cost_bp:g} | {net_bp:+.2f} "
        f"| {'yes' if edge else 'no edge'} |"
    )


def _verdict(verdicts: Sequence[bool]) -> str:
    if not any(verdicts):
        return "**No edge remains after costs on any of these series.**"
    return f"**An edge remains after costs on {sum(verdicts)} of {len(verdicts)} series.**"


def card(artifact: Artifact) -> str:
    """Return the model card in Markdown."""
    figures = "\n".join(f"- {name}: {value:.4f}" for name, value in artifact.metrics.items())
    inputs = "\n".join(f"- {name}" for name in artifact.features)
    return f"""# Model card: signals

The probability that a price is higher {artifact.options["horizon"]} minutes from now, from a
calibrated logistic regression over features of minute bars. Each `signal` carries the base rate,
the number of similar predictions on bars that the model had not seen, the 95 % interval of their
outcome, and the expected net return after costs. It says "no edge" unless that interval excludes
the base rate and the net is positive; expect it to say so nearly always. It is not advice.

## Inputs
{inputs}

## Training and evaluation data
{", ".join(artifact.data)}; walk-forward.

## Figures
{figures}

## Not for
Markets unlike those, bars of other lengths than one minute, trading without your own judgement.
"""


def plot(probabilities: Floats, up: NDArray[np.bool_], folder: Path) -> None:
    """Plot the observed frequency of a rise against the predicted probability, by tenths."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    parts = np.array_split(np.argsort(probabilities, kind="stable"), TENTHS)
    predicted = np.array([probabilities[rows].mean() for rows in parts])
    observed = np.array([up[rows].mean() for rows in parts])
    bounds = np.array([wilson(float(up[rows].sum()), len(rows)) for rows in parts])
    ends = [predicted.min(), predicted.max()]
    axes.plot(ends, ends, color="0.7", linewidth=1)
    axes.axhline(up.mean(), color="0.8", linestyle=":", linewidth=1)
    spread = np.abs(bounds - observed[:, None]).T
    axes.errorbar(
        *(predicted, observed), yerr=spread, marker="o", markersize=3, linewidth=0, elinewidth=1
    )
    axes.set(xlabel="predicted probability of a rise", ylabel="observed frequency of a rise")
    save_figure(figure, folder / PLOT)
