"""The sentiment model: labels, refused artifacts, and agreement with scikit-learn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.models.artifact import SHIPPED, ArtifactError, load, save
from tickfire.models.sentiment import data
from tickfire.models.sentiment.model import KIND, LABELS, VERSION, SentimentModel

MANIFEST = SHIPPED / "sentiment.json"


@pytest.fixture(scope="module")
def model() -> SentimentModel:
    return SentimentModel.open(MANIFEST)


def test_shipped_model_is_small_and_trained_on_tweets_only() -> None:
    artifact = load(MANIFEST, KIND, VERSION)
    assert list(artifact.data) == ["twitter_train.csv"]
    assert sum(a.nbytes for name, a in artifact.arrays.items() if "weights" in name) < 150_000
    assert MANIFEST.with_suffix(".npz").stat().st_size < 200_000
    assert len(artifact.golden) > 3
    assert artifact.metrics["Twitter valid: accuracy"] >= 0.83


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Nvidia beats expectations, shares up 5%", "bullish"),
        ("Boeing shares plunge after downgrade", "bearish"),
        ("Intel to present at investor conference", "neutral"),
    ],
)
def test_label_of_plain_headlines(model: SentimentModel, text: str, label: str) -> None:
    score = model.score(text)
    assert score.label == label and not score.abstained and score.words


def test_abstains_below_threshold(model: SentimentModel) -> None:
    score = model.score("Operating loss narrowed to $2.1 million")
    assert score.abstained == (max(score.probabilities) < model.threshold)
    assert {word for word, _ in score.words} <= set(
        "operating loss narrowed to $2.1 million".split()
    )


@given(st.text(max_size=400))
def test_any_text_has_a_score(text: str) -> None:
    model = _shared_model()
    score = model.score(text)
    assert score == model.score(text), "what was read before makes no difference"
    assert abs(sum(score.probabilities) - 1) < 1e-12
    assert score.label == LABELS[int(np.argmax(score.probabilities))]
    weights = [weight for _, weight in score.words]
    assert weights == sorted(weights, reverse=True)


_models: list[SentimentModel] = []


def _shared_model() -> SentimentModel:
    if not _models:
        _models.append(SentimentModel.open(MANIFEST))
    return _models[0]


@pytest.mark.parametrize(
    "change",
    [
        {"arrays": {}},
        {"options": {}},
        {"golden": ({"input": "x", "output": [1.0, 0.0, 0.0]},)},
        {"golden": ({"text": "x"},)},
    ],
)
def test_unsuitable_artifact_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = save(replace(load(MANIFEST, KIND, VERSION), **change), tmp_path)
    with pytest.raises(ArtifactError, match="the artifact sentiment is refused"):
        SentimentModel.open(path)


@pytest.mark.parametrize("name", ["word_weights", "word_idf", "char_text", "lexicon_weights"])
def test_inconsistent_arrays_are_refused(tmp_path: Path, name: str) -> None:
    artifact = load(MANIFEST, KIND, VERSION)
    path = save(
        replace(artifact, arrays={**artifact.arrays, name: artifact.arrays[name][:-1]}), tmp_path
    )
    with pytest.raises(ArtifactError):
        SentimentModel.open(path)


def test_inference_imports_no_training_libraries() -> None:
    code = (
        "import sys; from tickfire.models.artifact import SHIPPED;"
        "from tickfire.models.sentiment.model import SentimentModel;"
        "SentimentModel.open(SHIPPED / 'sentiment.json').score('up');"
        "print({'sklearn', 'scipy', 'matplotlib', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.shared_data
def test_quantised_model_agrees_with_scikit_learn(shared: Path) -> None:
    from tickfire.models.artifact import Artifact
    from tickfire.models.sentiment import lexicon
    from tickfire.models.sentiment.fit import analyse, fit

    seen = data.twitter(shared / "data" / data.TRAIN)
    texts, classes = seen.texts[::8], seen.classes[::8]
    said: list[str] = []
    documents = analyse(texts)
    fitted = fit(documents, classes, 1, said.append)
    assert len(said) == 6 and 0.34 <= fitted.threshold < 1
    options = {"threshold": fitted.threshold, "lexicon": lexicon.words()}
    model = SentimentModel(Artifact("sentiment", KIND, VERSION, fitted.arrays, options=options))
    unseen = seen.texts[1::40]
    again = fit(documents, classes, 1, said.append)
    assert all((again.arrays[name] == array).all() for name, array in fitted.arrays.items())
    exact = _exact_probabilities(documents, classes, unseen)
    found = np.array([model.score(text).probabilities for text in unseen])
    assert np.abs(found - exact).max() < 0.02, "8 bits are enough"


def _exact_probabilities(documents: Any, classes: Any, texts: list[str]) -> Any:
    """Compute the scores that the reader approximates from scikit-learn's own predictions."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    from tickfire.models.sentiment import fit as fitting

    rows = np.arange(len(classes))
    decisions = np.empty((len(classes), 3))
    for a, b in StratifiedKFold(5, shuffle=True, random_state=1).split(rows, classes):
        linear = fitting.fit_linear(documents, classes, a, 1)
        decisions[b] = linear.decisions(documents)[b]
    calibrator = LogisticRegression(max_iter=1000).fit(decisions, classes)
    whole = fitting.fit_linear(documents, classes, rows, 1)
    return calibrator.predict_proba(whole.decisions(fitting.analyse(texts)))
