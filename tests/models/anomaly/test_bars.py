"""Anomalies among bars: scores equal scikit-learn's, and injected anomalies are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from tests.support.models.bars import minute_bars
from tickfire.models.anomaly.artifact import read
from tickfire.models.anomaly.forest import BAR_FEATURE_NAMES, BarDetector, BarFeatures, Forest
from tickfire.models.anomaly.stream import DEFAULT_PATH, AnomalyModel
from tickfire.models.export.from_sklearn import export
from tickfire.models.infer.instruments import Instruments
from tickfire.store.schema import BAR_LATE, BAR_REWIND, Instrument

type Array = NDArray[np.float64]

FOREST = read(DEFAULT_PATH).forest


def market(count: int, seed: int = 1) -> Array:
    """Return float64[5, n]: opens, highs, lows, closes, volumes."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.standard_normal(count)) * 1e-3)
    open_ = np.concatenate([close[:1], close[:-1]]) * (1 + 1e-5 * rng.standard_normal(count))
    over, under = rng.exponential(0.05, (2, count))
    high, low = np.maximum(open_, close) + over, np.minimum(open_, close) - under
    return np.stack([open_, high, low, close, rng.lognormal(6.0, 0.5, count).round()])


def test_scores_equal_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    z = rng.standard_t(3, (2_000, 4))
    fitted = IsolationForest(n_estimators=16, max_samples=128, random_state=3).fit(z)
    scores = Forest(export(fitted), 0.5, 0, 0).scores(z)
    np.testing.assert_allclose(scores, -fitted.score_samples(z), rtol=0, atol=2.0**-53)


def test_unknown_features_score_0() -> None:
    z = np.array([[np.nan] * 4, [0.0] * 4, [np.inf, 0.0, 0.0, 0.0]])
    scores = FOREST.scores(z)
    assert scores[0] == scores[2] == 0.0 < scores[1] < FOREST.threshold
    assert not len(FOREST.scores(np.empty((0, 4))))


def test_crash_on_volume_is_found_and_named() -> None:
    bars = market(300)
    bars[2:4, 200] *= 0.9
    bars[4, 200] *= 50
    found = BarDetector(FOREST).push(bars, np.zeros(300))
    assert 200 in [alarm.bar_index for alarm in found]
    alarm = next(alarm for alarm in found if alarm.bar_index == 200)
    assert alarm.feature == "return" and alarm.z[0] < -10.0
    assert not any(200 < other.bar_index <= 200 + FOREST.refractory for other in found)


def test_few_alarms_in_quiet_market() -> None:
    assert len(BarDetector(FOREST).push(market(3_000), np.zeros(3_000))) <= 30


def test_no_alarm_in_warm_up() -> None:
    bars = market(300)
    bars[4, 10] = 1e9
    assert 10 not in [a.bar_index for a in BarDetector(FOREST).push(bars, np.zeros(300))]


@given(st.lists(st.integers(0, 40), max_size=6))
def test_result_does_not_depend_on_batches_or_other_series(cuts: list[int]) -> None:
    one, two = market(100, 1), market(100, 2)
    both = np.stack([one, two], axis=2).reshape(5, -1)
    features, pieces, at = BarFeatures(), [], 0
    for step in [*cuts, 200]:
        rows = both[:, at : at + step]
        pieces.append(features.push(rows, np.arange(at, at + rows.shape[1]) % 2))
        at = min(at + step, 200)
    together = np.concatenate(pieces)
    np.testing.assert_array_equal(together[::2], BarFeatures().push(one))
    np.testing.assert_array_equal(together[1::2], BarFeatures().push(two))


@pytest.mark.parametrize(
    ("row", "value"), [(0, 0.0), (3, -1.0), (3, np.nan), (1, 1e200), (4, np.nan), (4, -1.0)]
)
def test_malformed_bars_are_skipped(row: int, value: float) -> None:
    bars = market(60)
    broken = np.insert(bars, 30, bars[:, 30], axis=1)
    broken[row, 30] = value
    out = BarFeatures().push(broken)
    assert np.isnan(out[30]).all()
    np.testing.assert_array_equal(np.delete(out, 30, axis=0), BarFeatures().push(bars))


def test_event_at_end_of_minute() -> None:
    rows = market(300)
    rows[2:4, 200] *= 0.9
    rows[4, 200] *= 50
    bars = minute_bars(rows[:4].T)
    bars["volume"] = rows[4]
    late = bars[100:101].copy()
    late["flags"] = BAR_LATE
    made = AnomalyModel(Instruments([Instrument(0, 1, "ACME")]))
    signals = made.on_bars(0, np.concatenate([bars[:150], late, bars[150:]]))
    at = int(bars["start"][200]) + 60 * 10**9
    signal = next(one for one in signals if one.at == at)
    assert (signal.event, signal.symbol) == ("anomaly", "ACME")
    assert signal.detail["feature"] == "return" and signal.detail["interval"] == "1m"
    assert signal.detail["score"] >= 1.0 and signal.detail["z"] < -10
    assert set(signal.detail["features"]) == set(BAR_FEATURE_NAMES)
    assert "return -" in signal.detail["text"]
    assert made.metrics()["alarms_of_bars"] == len(signals)


def test_rewind_starts_series_anew() -> None:
    rows = market(100)
    rows[2:4, 80] *= 0.9
    bars = minute_bars(rows[:4].T)
    again = bars.copy()
    again["flags"][0] = BAR_REWIND
    made, fresh = (AnomalyModel(Instruments()) for _ in range(2))
    earlier = minute_bars(market(100, 5)[:4].T, start=int(bars["start"][-1]))
    made.on_bars(0, earlier)
    found = list(fresh.on_bars(0, bars))
    assert found
    assert list(made.on_bars(0, again)) == found
