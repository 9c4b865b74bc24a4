"""`tickfire train`: scores, reports, floors, and the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base import extras
from tickfire.base.errors import UserError
from tickfire.models import registry
from tickfire.models.artifact import SHIPPED, Artifact, load
from tickfire.models.sentiment.model import KIND, VERSION
from tickfire.models.training import run as running
from tickfire.models.training.cli import train
from tickfire.models.training.run import FloorMissed
from tickfire.models.training.scores import BINS, accuracy, confusion, ece, macro_f1, reliability
from tickfire.models.training.trainer import Context, Measure, Result
from tickfire.server.cli import COMMANDS

answers = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(answers)
def test_scores_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    from sklearn import metrics

    found, right = (np.array(column) for column in zip(*pairs, strict=True))
    labels = [0, 1, 2]
    assert accuracy(found, right) == metrics.accuracy_score(right, found)
    assert macro_f1(found, right) == pytest.approx(
        metrics.f1_score(right, found, average="macro", labels=labels, zero_division=0)
    )
    assert (confusion(found, right) == metrics.confusion_matrix(right, found, labels=labels)).all()


@given(st.lists(st.tuples(st.floats(0.34, 1), st.booleans()), min_size=1, max_size=50))
def test_calibration_error_is_mean_gap_of_bins(
    answers: list[tuple[float, bool]],
) -> None:
    rows = np.array([[p, 1 - p - (1 - p) / 3, (1 - p) / 3] for p, _ in answers])
    right = np.array(
        [np.argmax(row) if hit else 3 for row, (_, hit) in zip(rows, answers, strict=True)]
    )
    gaps: dict[int, list[float]] = {}
    for row, (_, hit) in zip(rows, answers, strict=True):
        gaps.setdefault(min(int(row.max() * BINS), BINS - 1), []).append(row.max() - hit)
    expected = sum(abs(sum(gap)) for gap in gaps.values()) / len(answers)
    assert ece(rows, right) == pytest.approx(expected)
    assert reliability(rows, right).share.sum() == pytest.approx(1)


class _Fake:
    def __init__(self, *measures: Measure) -> None:
        self._measures = measures

    def train(self, context: Context) -> Result:
        context.say("working")
        artifact = Artifact("small", "test", 1, {"a": np.arange(3)}, data={"x.csv": "00"})
        return Result((artifact,), self._measures, "The body.", "# Card\n")


def _run(monkeypatch: pytest.MonkeyPatch, out: Path, *measures: Measure) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(running, "trainer", lambda kind: _Fake(*measures))
    running.run(("small",), out, 7, out, said.append)
    return said


def test_run_writes_artifacts_reports_and_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Measure("accuracy", 0.9, 0.8, 0.95)
    said = _run(monkeypatch, tmp_path, measure, Measure("error", 0.01, 0.05, 0.03, True))
    assert (tmp_path / "small.json").exists() and (tmp_path / "small.npz").exists()
    report = (tmp_path / "reports" / "small.md").read_text()
    assert "| accuracy | 0.9000 | 0.8 | 0.95 | floor reached |" in report
    assert "| error | 0.0100 | 0.05 | 0.03 | goal reached |" in report
    assert "x.csv" in report and "The body." in report and "--seed 7" in report
    assert (tmp_path / "reports" / "small-card.md").read_text() == "# Card\n"
    assert said[0] == "working"


def test_missed_floors_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Measure("accuracy", 0.7, 0.8), Measure("error", 0.1, 0.05, lower_is_better=True)
    with pytest.raises(FloorMissed, match=r"accuracy is 0\.7000, floor 0\.8; .*error is 0\.1000"):
        _run(monkeypatch, tmp_path, *bad, Measure("fine", 1.0, 0.5))
    assert "**below the floor**" in (tmp_path / "reports" / "small.md").read_text()


def _sentence(args: list[str]) -> str:
    with pytest.raises(UserError) as raised:
        CliRunner().invoke(train, args, catch_exceptions=False)
    return str(raised.value)


def test_missing_data_and_unknown_kinds_are_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "training needs data; name its folder with --data" in _sentence([])
    assert "there is no folder" in _sentence(["--data", str(tmp_path / "absent")])
    folders = ["--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert "there is no kind of model x" in _sentence([*folders, "--only", "x"])
    assert "twitter_train.csv is missing" in _sentence([*folders, "--only", "sentiment"])
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "twitter_train.csv").write_text("a,b\n1,2\n")
    assert "must hold texts with the labels" in _sentence([*folders, "--only", "sentiment"])


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert "pip install 'tickfire[train]'" in _sentence(["--data", str(tmp_path)])


def test_command_and_trainers_can_be_imported() -> None:
    assert COMMANDS["train"].load() is train
    for kind in registry.TRAINERS:
        assert callable(registry.trainer(kind).train)


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_training_reaches_floors_and_reproduces_shipped_model(shared: Path, tmp_path: Path) -> None:
    options = ["--data", str(shared / "data"), "--out", str(tmp_path), "--only", "sentiment"]
    result = CliRunner().invoke(train, options, catch_exceptions=False)
    assert result.exit_code == 0
    made, shipped = (
        load(folder / "sentiment.json", KIND, VERSION) for folder in (tmp_path, SHIPPED)
    )
    assert made.metrics == pytest.approx(shipped.metrics, abs=0.01), "`tickfire train --ship`"
    assert made.data == shipped.data
