"""What is written of the anomaly model: tables, a plot and the model card."""

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
    """Frozen thresholds, and what came of them on what they never saw.

    Attributes
    ----------
    limits : Limits
    benchmark, without_refractory : HeldOut
    trades : int
        Of the ticks that they are judged on.
    alarms : tuple of Alarm
        On these ticks as they are.
    recalls : tuple of Recall
        On the same ticks with anomalies put in.
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
    """Return the tables, and what they do not say."""
    rows = [
        f"| {name} | {threshold:.1f} | {_count(judged, name)} |"
        for name, threshold in zip(FEATURE_NAMES, judged.limits.thresholds, strict=True)
    ]
    found = [
        f"| {one.kind} | {one.put_in} | {one.found / max(one.put_in, 1):.3f} "
        f"| {one.named / max(one.found, 1):.3f} |"
        for one in judged.recalls
    ]
    first, second = judged.benchmark.halves
    return "\n".join(
        [
            "## Trades\n",
            "Thresholds of |z| (of the context: nats), frozen on the first half of the day, and "
            f"the alarms among the {judged.trades:,} trades of the second half:\n",
            "| feature | threshold | alarms |",
            "|---|---|---|",
            *rows,
            "\nAnomalies put into the second half, each alone, and what was found:\n",
            "| what | put in | found | of these, rightly named |",
            "|---|---|---|---|",
            *found,
            f"\n![alarms by feature]({PLOT})\n",
            "Nobody labelled these trades: an alarm where nothing was put in may be an anomaly "
            "all the same (a block, a print off the market). What was put in is our own making: a "
            "trade off the price by 1 %, 500 times its volume, an ask 1 % above, 120 trades within "
            "120 us. On this day trades come in runs within one millisecond and quotes of thin "
            "venues stand far apart, so most such runs and spreads are nothing unheard of; where "
            "they are rare, they are found.\n",
            "## Bars\n",
            "An isolation forest over z-scores of return, gap, range and volume of minutes, fitted "
            f"on the first half of the day: {judged.bars.alarms} of {judged.bars.bars:,} bars of "
            f"the second half reach its threshold of {judged.bars.forest.threshold:g}.\n",
            "## Series\n",
            f"NAB, every other series by name: the first half scores {first:.1f}, the second "
            f"{second:.1f}, each at the threshold of the other "
            f"({judged.benchmark.thresholds[1]:.2f} and {judged.benchmark.thresholds[0]:.2f} nats);"
            f" without the refractory period {judged.without_refractory.score:.1f} together. "
            "The benchmark's own table picks the best threshold on the corpus that it scores, so "
            "its figures are not these. The number of bins and the decay were given beforehand; "
            "the prior was chosen on the first half.",
        ]
    )


def card(artifact: Artifact, judged: Judged) -> str:
    """Return the model card."""
    shown = ", ".join(
        f"{name} {threshold:.1f}"
        for name, threshold in zip(FEATURE_NAMES, judged.limits.thresholds, strict=True)
    )
    return "\n".join(
        [
            f"# {artifact.name}, version {artifact.version}\n",
            "Raises an alarm on a trade that is unlike all its instrument did before, and names "
            "the feature. It learns each instrument by itself, live; only the thresholds are "
            f"frozen: {shown}.\n",
            "- Use: to draw the eye. It predicts nothing.",
            f"- Learns {judged.limits.warm_up} trades before its first alarm; quiet for "
            f"{judged.limits.refractory} trades after one.",
            "- Thresholds come of one day of four US equities. Other instruments have other "
            "tails: expect more alarms where sizes are wilder, fewer where they are tamer.",
            "- A slow drift is no anomaly to it, and what happens every day at one time is one "
            "each time.",
        ]
    )


def plot(judged: Judged, folder: Path) -> None:
    """Draw how far beyond their thresholds the alarms are, by feature."""
    figure = Figure(SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    for k, name in enumerate(FEATURE_NAMES):
        scores = [alarm.score for alarm in judged.alarms if alarm.feature == name]
        axes.scatter(np.full(len(scores), k), scores, s=12)
    axes.set(yscale="log", ylabel="times its threshold", xticks=range(len(FEATURE_NAMES)))
    axes.set_xticklabels(FEATURE_NAMES)
    save_figure(figure, folder / PLOT)


def _count(judged: Judged, feature: str) -> int:
    return sum(alarm.feature == feature for alarm in judged.alarms)
