"""The benchmark's score: against a plain reference, a published score, and our own floor."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.reference.anomaly import benchmark_score
from tickfire.base.errors import UserError
from tickfire.models.anomaly.detector import score
from tickfire.models.anomaly.nab import (
    FOLDER,
    LabelledSeries,
    held_out,
    normalised,
    raw_scores,
    read_corpus,
)

FLOOR, GOAL = 45.0, 60.0


def series(count: int, *windows: tuple[int, int]) -> LabelledSeries:
    return LabelledSeries("one", np.zeros(count), np.array(windows, np.int64).reshape(-1, 2))


@st.composite
def cases(draw: st.DrawFn) -> tuple[LabelledSeries, list[int]]:
    count = draw(st.integers(20, 300))
    edges = sorted(draw(st.sets(st.integers(0, count - 1), min_size=0, max_size=8)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    after = [*(pair[0] for pair in pairs[1:]), count + 2]
    apart = [pair for pair, next_ in zip(pairs, after, strict=False) if pair[1] + 1 < next_]
    alarms = sorted(draw(st.sets(st.integers(0, count - 1), max_size=20)))
    return series(count, *apart), alarms


@given(cases())
def test_equals_the_reference(case: tuple[LabelledSeries, list[int]]) -> None:
    one, alarms = case
    scores = np.zeros(len(one.values))
    scores[alarms] = 1.0
    windows = [(int(a), int(b)) for a, b in one.windows]
    expected = benchmark_score(alarms, windows, one.probation)
    assert raw_scores(one, scores, np.array([1.0]))[0] == pytest.approx(expected)


def test_score_is_0_without_alarms_and_100_for_earliest_alarms() -> None:
    one = series(1_000, (300, 399), (600, 699))
    scores = np.zeros(1_000)
    scores[[300, 600]] = 1.0
    raw = raw_scores(one, scores, np.array([1.0, 2.0]))
    assert normalised(raw, 2).tolist() == [100.0, 0.0]


def test_refractory_period_drops_later_alarms() -> None:
    one = series(1_000, (300, 399))
    scores = np.zeros(1_000)
    scores[[500, 600, 601]] = 1.0
    thresholds = np.array([1.0])
    assert raw_scores(one, scores, thresholds)[0] < raw_scores(one, scores, thresholds, 100)[0]
    assert raw_scores(one, scores, thresholds, 100)[0] < raw_scores(one, scores, thresholds, 101)[0]


@pytest.mark.shared_data
@pytest.mark.slow
def test_windowed_gaussian_has_published_score(shared: Path) -> None:
    """The benchmark's table has 39.6, at the best threshold of scores kept in fewer digits."""
    corpus = read_corpus(shared / "data" / FOLDER)
    thresholds = 1.0 - np.geomspace(1e-16, 0.5, 400)
    raw = np.sum([raw_scores(s, windowed_gaussian(s.values), thresholds) for s in corpus], axis=0)
    windows = sum(len(s.windows) for s in corpus)
    assert windows == 116
    assert normalised(raw.max(keepdims=True), windows)[0] == pytest.approx(39.6, abs=1.0)


@pytest.mark.shared_data
@pytest.mark.slow
def test_score_on_held_out_series_reaches_floor(shared: Path) -> None:
    corpus = read_corpus(shared / "data" / FOLDER)
    reached = held_out(corpus, [score(s.values).surprise for s in corpus], refractory=100)
    assert reached.score >= GOAL
    assert min(reached.halves) >= FLOOR


def test_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_corpus(tmp_path)


def windowed_gaussian(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score by the tail of a normal distribution over the last 6,400 values, in steps of 100."""
    count = len(values)
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.longdouble)])
    squares = np.concatenate([[0.0], np.cumsum(values.astype(np.longdouble) ** 2)])
    here = np.arange(count)
    full = np.maximum(here - 6_400, 0) // 100 * 100  # where the window of a value begins
    end = np.where(here < 6_400, here, full + 6_400)
    length = np.maximum(end - full, 1)
    mean = (sums[end] - sums[full]) / length
    variance = np.maximum((squares[end] - squares[full]) / length - mean**2, 0)
    sd = np.where(variance > 0, np.sqrt(variance), 1e-6)
    z = (np.abs(values - mean) / sd).astype(np.float64)
    out = np.array([1.0 - 0.5 * math.erfc(x / math.sqrt(2.0)) for x in z.tolist()])
    out[0] = 0.0
    return out
