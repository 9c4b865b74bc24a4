"""Report, plot and model card of the anomaly model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from tickfire.models.anomaly.detector import FEATURE_NAMES, Alarm, Limits
from tickfire.models.anomaly.fit_bars import FittedForest
from tickfire.models.anomaly.injected import Recall
from tickfire.models.anomaly.nab import HeldOut
from tickfire.models.artifact import Artifact
from tickfire.models.training.plotting import SIZE_INCHES, save_figure

PLOT: Final = "anomaly-alarms.png"


@dataclass(frozen=True, slots=True)
class Judged:
    """Frozen thresholds, and their results on data that they were not frozen on.

    Attributes
    ----------
    limits : Limits
    benchmark, without_refractory : HeldOut
    trades : int
        Number of trades that the thresholds are evaluated on.
    alarms : tuple of Alarm
        Alarms among these trades.
    recalls : tuple of Recall
        Recall on the same trades with injected anomalies.
    bars : FittedForest
    """

    limits: Limits
    benchmark: HeldOut
    without_refractory: HeldOut
    trades: int
    alarms: tuple[Alarm, ...]
    recalls: tuple[Recall, ...]
    bars: FittedForest


def report(judged: Judged) -> str:
    """Return the body of the report in Markdown."""
    return "\n".join([_trades(judged), _bars(judged), _series(judged)])


def _trades(judged: Judged) -> str:
    rows = [
        f"| {name} | {threshold:.1f} | {_count(judged, name)} |"
        for name, threshold in zip(FEATURE_NAMES, judged.limits.thresholds, strict=True)
    ]
    found = [
        f"| {one.kind} | {one.injected} | {one.found / max(one.injected, 1):.3f} "
        f"| {one.named / max(one.found, 1):.3f} |"
        for one in judged.recalls
    ]
    alarms, recalls = "\n".join(rows), "\n".join(found)
    return f"""## Trades

Thresholds of |z| (for the context, of nats), frozen on the first half of the day, and the alarms
among the {judged.trades:,} trades of the second half:

| feature | threshold | alarms |
|---|---|---|
{alarms}

Anomalies injected into the second half, each alone, and the share found:

| feature | injected | found | named correctly, of those found |
|---|---|---|---|
{recalls}

![alarms by feature]({PLOT})

These trades are not labelled: an alarm where nothing was injected may be a real anomaly, such as a
block or a print away from the market. The injected anomalies are our own: a trade 1 % off the
price, 500 times its size, an ask 1 % higher, 120 trades within 120 us. On this day trades come in
runs within one millisecond, and quotes of thin venues are wide, so most injected runs and spreads
are nothing unusual; where such things are rare, they are found.
"""


def _bars(judged: Judged) -> str:
    bars = judged.bars
    return f"""## Bars

An isolation forest over z-scores of return, gap, range and volume of minute bars, fitted on the
first half of the day: {bars.alarms} of {bars.bars:,} bars of the second half reach its threshold
of {bars.forest.threshold:g}.
"""


def _series(judged: Judged) -> str:
    first, second = judged.benchmark.halves
    on_first, on_second = judged.benchmark.thresholds
    return f"""## Series

Numenta Anomaly Benchmark, in two halves that alternate by name: the first half scores {first:.1f},
the second {second:.1f}, each at the threshold frozen on the other ({on_second:.2f} and
{on_first:.2f} nats); without a refractory period they score {judged.without_refractory.score:.1f}
together. The benchmark's own table picks the best threshold on the corpus that it scores, so its
figures are not comparable. The number of bins and the decay were fixed beforehand; the prior was
chosen on the first half.
"""


def card(artifact: Artifact, judged: Judged) -> str:
    """Return the model card in Markdown."""
    shown = ", ".join(
        f"{name} {threshold:.1f}"
        for name, threshold in zip(FEATURE_NAMES, judged.limits.thresholds, strict=True)
    )
    return f"""# Model card: {artifact.name}, version {artifact.version}

Raises an alarm on a trade that is unlike those that its instrument had before, and names the
feature. It learns each instrument by itself, live; only the thresholds are frozen: {shown}.

- Purpose: to draw attention. It predicts nothing.
- It learns from {judged.limits.warm_up} trades before its first alarm, and raises no other in the
  {judged.limits.refractory} trades after one.
- The thresholds are from one day of four US equities. Other instruments have other tails: expect
  more alarms where sizes vary more, fewer where they vary less.
- It does not notice a slow drift, and raises an alarm each time on what happens every day at the
  same time.
"""


def plot(judged: Judged, folder: Path) -> None:
    """Plot the alarms by feature, as multiples of their thresholds."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    for k, name in enumerate(FEATURE_NAMES):
        scores = [alarm.score for alarm in judged.alarms if alarm.feature == name]
        axes.scatter(np.full(len(scores), k), scores, s=12)
    axes.set(yscale="log", ylabel="multiple of threshold", xticks=range(len(FEATURE_NAMES)))
    axes.set_xticklabels(FEATURE_NAMES)
    save_figure(figure, folder / PLOT)


def _count(judged: Judged, feature: str) -> int:
    return sum(alarm.feature == feature for alarm in judged.alarms)
