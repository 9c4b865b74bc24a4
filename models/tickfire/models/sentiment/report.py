"""Report, plots and model card of the sentiment model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.models.artifact import Artifact
from tickfire.models.sentiment.data import Texts
from tickfire.models.sentiment.model import LABELS, SentimentModel
from tickfire.models.training.plotting import coverage_plot, reliability_plot
from tickfire.models.training.scores import accuracy, confusion, ece, macro_f1, reliability

RELIABILITY_PLOT: Final = "sentiment-reliability.png"
COVERAGE_PLOT: Final = "sentiment-coverage.png"
SHOWN_MISTAKES: Final = 12


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Predictions for a set of texts.

    Attributes
    ----------
    name : str
    probabilities : float64[n, 3]
    texts : Texts
    """

    name: str
    probabilities: NDArray[np.float64]
    texts: Texts

    @property
    def found(self) -> NDArray[np.int64]:
        """The most probable classes, int64[n]."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """The share of right labels."""
        return accuracy(self.found, self.texts.classes)

    @property
    def macro_f1(self) -> float:
        """The mean F1 score of the classes."""
        return macro_f1(self.found, self.texts.classes)


def plots(evaluations: Sequence[Evaluation], threshold: float, folder: Path) -> None:
    """Plot the reliability, and the accuracy against the coverage."""
    shown = {one.name: reliability(one.probabilities, one.texts.classes) for one in evaluations[1:]}
    reliability_plot(shown, folder / RELIABILITY_PLOT)
    curves = {one.name: _coverage(one) for one in evaluations[1:]}
    coverage_plot(curves, threshold, folder / COVERAGE_PLOT)


def report(
    evaluations: Sequence[Evaluation], model: SentimentModel, latency_us: NDArray[np.float64]
) -> str:
    """Return the body of the report in Markdown.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        The training texts (by unseen folds), then texts never trained on.
    model : SentimentModel
    latency_us : float64[n]
        Processor time of each score.
    """
    middle, late = np.percentile(latency_us, [50, 99])
    parts = [
        _overview(evaluations, model.threshold),
        f"![Reliability]({RELIABILITY_PLOT})\n\n![Coverage]({COVERAGE_PLOT})\n",
        "Processor time of one headline, on the machine that trained and while it was training: "
        f"{middle:.0f} us at the median, {late:.0f} us at the 99th percentile. `python -m "
        "bench.models` measures it with care.\n",
        *[_confusion(one) for one in evaluations[1:]],
        _mistakes(evaluations[1], model),
        _READING,
    ]
    return "\n".join(parts)


def card(artifact: Artifact, evaluations: Sequence[Evaluation], hashes: Mapping[str, str]) -> str:
    """Return the model card in Markdown."""
    sizes = sum(array.nbytes for name, array in artifact.arrays.items() if "weights" in name)
    rows = "\n".join(
        f"| {one.name} | {len(one.texts.texts):,} | {one.accuracy:.3f} | {one.macro_f1:.3f} |"
        for one in evaluations
    )
    named = "\n".join(f"- `{name}`, SHA-256 `{digest}`" for name, digest in hashes.items())
    return _CARD.format(rows=rows, data=named, kilobytes=sizes / 1000)


def _overview(evaluations: Sequence[Evaluation], threshold: float) -> str:
    lines = [
        f"| texts | n | majority | accuracy | macro-F1 | ECE | answered at {threshold:.2f} "
        "| accuracy where answered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in evaluations:
        right = one.texts.classes
        sure = one.probabilities.max(axis=1) >= threshold
        of_sure = accuracy(one.found[sure], right[sure]) if sure.any() else float("nan")
        majority = np.bincount(right).max() / len(right)
        lines.append(
            f"| {one.name} | {len(right):,} | {majority:.3f} | {one.accuracy:.3f} "
            f"| {one.macro_f1:.3f} | {ece(one.probabilities, right):.3f} | {sure.mean():.1%} "
            f"| {of_sure:.3f} |"
        )
    return "\n".join(lines) + "\n"


def _confusion(one: Evaluation) -> str:
    table = confusion(one.found, one.texts.classes)
    lines = [
        f"### Confusion: {one.name}",
        "",
        f"| is \\ predicted | {' | '.join(LABELS)} | recall |",
    ]
    lines.append("|---|---|---|---|---|")
    for label, row in zip(LABELS, table, strict=True):
        recall = row[LABELS.index(label)] / max(row.sum(), 1)
        lines.append(f"| {label} | {' | '.join(map(str, row))} | {recall:.3f} |")
    return "\n".join(lines) + "\n"


def _mistakes(one: Evaluation, model: SentimentModel) -> str:
    """Return a table of the most confident mistakes; the tweets' licence allows quoting them."""
    wrong = np.flatnonzero(one.found != one.texts.classes)
    worst = wrong[np.argsort(-one.probabilities[wrong].max(axis=1), kind="stable")]
    lines = [
        f"### Most confident mistakes: {one.name}",
        "",
        "| text | is | predicted | because of |",
    ]
    lines.append("|---|---|---|---|")
    for at in worst[:SHOWN_MISTAKES]:
        text = one.texts.texts[at]
        score = model.score(text)
        words = ", ".join(word for word, _ in score.words)
        safe = " ".join(text.split()).replace("|", "\\|")
        lines.append(f"| {safe} | {LABELS[one.texts.classes[at]]} | {score.label} | {words} |")
    return "\n".join(lines) + "\n"


def _coverage(one: Evaluation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share answered and its accuracy, with the most confident answers first."""
    order = np.argsort(-one.probabilities.max(axis=1), kind="stable")
    hits = (one.found == one.texts.classes)[order]
    count = np.arange(1, len(hits) + 1)
    return count / len(hits), np.cumsum(hits) / count


_READING: Final = """### How to read this as a sceptic

- Tweets are short, and people disagree about them: read the mistakes above and judge for yourself.
- PhraseBank holds whole sentences about Finnish companies. None of it was trained on, which is what
  makes its figure worth something: it is what to expect of text of another kind.
- The tweets are from 2019 and 2020. Vocabulary changes; watch the share of abstentions.
- Confidence is calibrated on tweets. It is too high on other text: see the reliability plot.
- A label says how a sentence sounds, not where a price will go.
"""

_CARD: Final = """# Model card: sentiment

**What it does.** Labels a headline bearish, neutral or bullish, with probabilities, the words that
decided, and an abstention where it is not sure enough. English only.

**How.** A linear model over word n-grams, character n-grams and counts by a finance lexicon of our
own; support vector classifiers, calibrated by a logistic regression on unseen folds;
weights of 8 bits ({kilobytes:.0f} kB). No part of it is a language model.

**Trained on** the training part of *twitter-financial-news-sentiment* (zeroshot), finance tweets
and headlines of 2019 and 2020, under the MIT licence according to its dataset card:

{data}

**Not trained on** the Financial PhraseBank (Malo et al. 2014, CC BY-NC-SA 3.0): it was used for
evaluation only, and nothing of it is in the artifact.

| texts | n | accuracy | macro-F1 |
|---|---|---|---|
{rows}

**Meant for** sorting and colouring news. **Not meant for** trading by itself: see the report.

**Limits.** Irony, hearsay ("denies report of..."), several companies in one line, other languages,
and vocabulary from after 2020.
"""
