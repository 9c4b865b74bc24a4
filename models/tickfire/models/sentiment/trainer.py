"""Trainer of the sentiment model: `tickfire train`, kind ``sentiment``.

The artifact is made from twitter_train.csv alone. twitter_valid.csv and PhraseBank are evaluated
once, by the finished artifact; all choices were made on folds of the training file.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from tickfire.models.artifact import Artifact, sha256_of
from tickfire.models.sentiment import data, lexicon
from tickfire.models.sentiment.data import Texts
from tickfire.models.sentiment.features import LEXICON_FEATURES
from tickfire.models.sentiment.fit import FOLDS, Fitted, analyse, fit, fit_linear
from tickfire.models.sentiment.model import KIND, LABELS, VERSION, SentimentModel
from tickfire.models.sentiment.report import Evaluation, card, plots, report
from tickfire.models.training.scores import accuracy, ece, macro_f1
from tickfire.models.training.trainer import Context, Measure, Result

NAME: Final = "sentiment"
GOLDEN: Final = (
    "Operating loss narrowed to $2.1 million from $8.7 million",
    "$XYZ: Example Corp. downgraded to sell on weak outlook",
    "Example beats expectations, shares up 12% after hours",
    "Example to present at the annual investors' conference",
    "Central bank isn't expected to cut rates, sees no recession",
    "Öl steigt, naïve café — “quotes” and 🚀 emoji",
    "",
)


@dataclass(frozen=True, slots=True)
class Within:
    """Scores of a cross-validation within one set of texts."""

    accuracy: float
    macro_f1: float


class SentimentTrainer:
    """Trainer of the artifact ``sentiment``."""

    def train(self, context: Context) -> Result:
        """Train on the tweets, and evaluate on texts that were not seen."""
        seen = data.twitter(context.data / data.TRAIN)
        valid = data.twitter(context.data / data.VALID)
        bank = data.phrasebank(context.data / data.PHRASEBANK)
        context.say(f"sentiment: {len(seen.texts):,} texts to train on")
        fitted = fit(
            analyse(seen.texts),
            seen.classes,
            context.seed,
            lambda text: context.say(f"sentiment: fitting, {text}"),
        )
        hashes = {data.TRAIN.name: sha256_of(context.data / data.TRAIN)}
        artifact, model = _artifact(fitted, context.seed, hashes)
        evaluations = [
            Evaluation("Twitter, unseen folds of the training file", fitted.unseen, seen),
            _evaluate("Twitter valid", model, valid),
            _evaluate("PhraseBank 50Agree, never trained on", model, bank),
        ]
        context.say("sentiment: cross-validating within PhraseBank, for the report only")
        measures = _measures(evaluations, _within(bank, context.seed))
        metrics = {one.name: round(one.value, 6) for one in measures}
        artifact = replace(artifact, metrics=metrics)
        latency = _latency_us(model, valid.texts)
        plots(evaluations, model.threshold, context.reports)
        body = report(evaluations, model, latency)
        return Result((artifact,), measures, body, card(artifact, evaluations, hashes))


def _artifact(
    fitted: Fitted, seed: int, hashes: Mapping[str, str]
) -> tuple[Artifact, SentimentModel]:
    artifact = Artifact(
        name=NAME,
        kind=KIND,
        version=VERSION,
        arrays=fitted.arrays,
        features=("word n-grams (1, 2, skip)", "character n-grams (3 to 5)", *LEXICON_FEATURES),
        options={
            "labels": list(LABELS),
            "threshold": fitted.threshold,
            "lexicon": lexicon.words(),
            "seed": seed,
        },
        data=hashes,
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
    )
    model = SentimentModel(artifact)
    golden = tuple(
        {"input": text, "output": list(model.score(text).probabilities)} for text in GOLDEN
    )
    return replace(artifact, golden=golden), model


def _evaluate(name: str, model: SentimentModel, texts: Texts) -> Evaluation:
    found = np.array([model.score(text).probabilities for text in texts.texts])
    return Evaluation(name, found, texts)


def _within(texts: Texts, seed: int) -> Within:
    documents = analyse(texts.texts)
    found = np.empty(len(texts.classes), np.int64)
    rows = np.arange(len(texts.classes))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for seen, unseen in folds.split(rows, texts.classes):
        linear = fit_linear(documents, texts.classes, seen, seed)
        found[unseen] = linear.decisions(documents)[unseen].argmax(axis=1)
    return Within(accuracy(found, texts.classes), macro_f1(found, texts.classes))


def _measures(evaluations: list[Evaluation], within: Within) -> tuple[Measure, ...]:
    _, valid, bank = evaluations
    return (
        Measure("PhraseBank, never trained on: accuracy", bank.accuracy, 0.66, 0.73),
        Measure("PhraseBank, 5-fold within: accuracy", within.accuracy, 0.79, 0.82),
        Measure("PhraseBank, 5-fold within: macro-F1", within.macro_f1, 0.76, 0.79),
        Measure("Twitter valid: accuracy", valid.accuracy, 0.83, 0.86),
        Measure("Twitter valid: macro-F1", valid.macro_f1, 0.775, 0.81),
        Measure(
            "Twitter valid: expected calibration error",
            ece(valid.probabilities, valid.texts.classes),
            0.05,
            0.03,
            lower_is_better=True,
        ),
    )


def _latency_us(model: SentimentModel, texts: list[str]) -> NDArray[np.float64]:
    """Return the processor time of scoring each text, in us."""
    taken = []
    for text in texts:
        began = time.thread_time_ns()
        model.score(text)
        taken.append((time.thread_time_ns() - began) / 1e3)
    return np.array(taken)
