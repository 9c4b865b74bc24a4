"""The outlook and rules: scores equal scikit-learn's, and no edge is claimed without evidence."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.models.artifact import Artifact, ArtifactError, load
from tickfire.models.infer.instruments import Instruments
from tickfire.models.records import Sentiment, Signal
from tickfire.models.rules.parse import parse
from tickfire.models.rules.rule_file import Rule
from tickfire.models.signals.context import RuleContext
from tickfire.models.signals.inputs import NAMES, Inputs
from tickfire.models.signals.outlook import DEFAULT_PATH, KIND, VERSION, OutlookModel
from tickfire.models.signals.stream import RULES_VARIABLE, SignalsModel
from tickfire.models.signals.walk import auc, block_bootstrap, brier, folds, wilson
from tickfire.store.schema import BAR, BAR_LATE, BAR_REWIND, Instrument

MINUTE = 60_000_000_000
BEGIN = 1_700_000_000_000_000_000 // (300 * 10**9) * 300 * 10**9


def bars(count: int, seed: int = 1, instrument: int = 1, start: int = BEGIN, s: int = 60) -> Any:
    chance = np.random.default_rng(seed)
    close = 100 + np.cumsum(chance.normal(size=count)) * 0.1
    rows = np.zeros(count, BAR)
    rows["start"] = start + np.arange(count) * s * 10**9
    rows["close"] = (close * 100).round().astype(np.int64) * 10**7
    rows["open"] = np.roll(rows["close"], 1)
    rows["open"][0] = rows["close"][0]
    rows["high"] = np.maximum(rows["open"], rows["close"]) + 10**7
    rows["low"] = np.minimum(rows["open"], rows["close"]) - 10**7
    rows["volume"] = chance.integers(1, 50, count)
    rows["n"], rows["instrument_id"], rows["interval_s"] = np.arange(count) + 1, instrument, s
    rows["feed"] = 1
    return rows


def columns(rows: Any) -> dict[str, Any]:
    prices = {name: rows[name] / 1e9 for name in ("open", "high", "low", "close")}
    return {**prices, "volume": rows["volume"].astype(float)}


def model(*rules: Rule) -> SignalsModel:
    table = Instruments([Instrument(1, 1, "AAA"), Instrument(1, 2, "BBB")])
    return SignalsModel(table, rules, clock=lambda: 0.0)


def given_all(to: SignalsModel, rows: Any, size: int = 7) -> list[Signal]:
    return [s for at in range(0, len(rows), size) for s in to.on_bars(0, rows[at : at + size])]


def shipped() -> Artifact:
    return load(DEFAULT_PATH, KIND, VERSION)


# --- evaluation
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=60))
def test_auc_and_brier_score_equal_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    from sklearn import metrics

    scores = np.array([score / 5 for score, _ in rows])
    right = np.array([hit for _, hit in rows])
    if right.any() and not right.all():
        assert auc(scores, right) == pytest.approx(metrics.roc_auc_score(right, scores))
    else:
        assert auc(scores, right) == 0.5
    assert brier(scores, right) == pytest.approx(np.mean((scores - right) ** 2))


@given(st.integers(20, 2000), st.integers(2, 8), st.integers(0, 50))
def test_folds_train_only_on_the_past(count: int, parts: int, embargo: int) -> None:
    found = list(folds(count, parts, embargo))
    assert len(found) == parts - 1
    assert found[-1].test_end == count
    for before, after in itertools.pairwise(found):
        assert before.test_end == after.test_start
    for fold in found:
        assert fold.train_end <= max(0, fold.test_start - embargo)
        assert fold.test_start < fold.test_end


def test_intervals_have_their_coverage() -> None:
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        low, high = wilson(chance.binomial(200, 0.55), 200)
        held += low <= 0.55 <= high
    assert 0.92 <= held / 400 <= 0.98
    assert wilson(0, 0) == (0.0, 1.0)
    noise, coin = chance.random(2000), chance.random(2000) > 0.5
    low, high = block_bootstrap(noise, coin, 20, 1)
    assert low < 0.5 < high


# --- the outlook
def test_probability_equals_scikit_learns() -> None:
    from sklearn.linear_model import LogisticRegression

    inputs, _ = Inputs().push(columns(bars(600)))
    rows = inputs[np.isfinite(inputs).all(axis=1)]
    oracle = LogisticRegression().fit(rows, np.arange(len(rows)) % 3 == 0)
    weights = np.append(oracle.coef_[0], oracle.intercept_[0])
    artifact = replace(shipped(), arrays={**shipped().arrays, "weights": weights}, golden=())
    own = OutlookModel(artifact)
    got = [own.probability(np.ascontiguousarray(row)) for row in rows]
    np.testing.assert_allclose(got, oracle.predict_proba(rows)[:, 1], rtol=1e-12)


def test_live_inputs_equal_history() -> None:
    rows = bars(200)
    whole, deviations = Inputs().push(columns(rows))
    live = Inputs()
    pieces = [live.push(columns(rows[at : at + 3])) for at in range(0, 200, 3)]
    np.testing.assert_array_equal(np.concatenate([piece[0] for piece in pieces]), whole)
    np.testing.assert_array_equal(np.concatenate([piece[1] for piece in pieces]), deviations)
    assert np.isfinite(whole[100:]).all()
    assert np.abs(whole[100:]).max() <= 10


def made(counts: list[float], hits: list[float], moves: list[float], cost: float) -> OutlookModel:
    """Return a model that says by its last input alone, in three bins."""
    weights = np.zeros(len(NAMES) + 1)
    weights[-2] = 1.0
    arrays = {
        "weights": weights,
        "edges": np.array([0.4, 0.6]),
        "counts": np.array(counts),
        "hits": np.array(hits),
        "moves": np.array(moves),
    }
    options = {"horizon": 5, "cost_bp": cost}
    return OutlookModel(Artifact("made", KIND, VERSION, arrays, options=options))


@pytest.mark.parametrize(
    ("last", "edge"),
    [(2.0, 1), (0.0, 0), (-2.0, -1)],
)
def test_edge_needs_evidence_and_positive_net(last: float, edge: int) -> None:
    row = np.zeros(len(NAMES))
    row[-1] = last
    deviation = 1e-3
    sure = made([1000, 1000, 1000], [350, 500, 650], [-0.5, 0.0, 0.5], 1.0).predict(row, deviation)
    assert sure is not None
    assert sure.edge == edge
    few = made([10, 10, 10], [3, 5, 7], [-0.5, 0.0, 0.5], 1.0).predict(row, deviation)
    assert few is not None and few.edge == 0
    dear = made([1000, 1000, 1000], [350, 500, 650], [-0.5, 0.0, 0.5], 50.0).predict(row, deviation)
    assert dear is not None and dear.edge == 0
    assert dear.as_detail()["says"] == "no edge"
    assert sure.low < sure.high and sure.n == 1000 and sure.base_rate == 0.5
    if edge:
        assert sure.expected_net_bp == pytest.approx(0.5 * deviation * math.sqrt(5) * 1e4 - 1)


def test_no_outlook_from_unknown_inputs() -> None:
    row = np.zeros(len(NAMES))
    row[3] = np.nan
    own = OutlookModel(shipped())
    assert own.predict(row, 1e-3) is None
    assert own.predict(np.zeros(len(NAMES)), math.nan) is None


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.zeros(3)},
        {"weights": np.full(len(NAMES) + 1, np.nan)},
        {"edges": np.array([0.6, 0.4, *[0.7] * 7])},
        {"counts": np.zeros(10)},
        {"moves": np.zeros((2, 5))},
    ],
)
def test_unsuitable_arrays_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match="is not an outlook"):
        OutlookModel(replace(shipped(), arrays={**shipped().arrays, **change}))


def test_changed_weights_fail_the_golden_vectors() -> None:
    other = {**shipped().arrays, "weights": np.asarray(shipped().arrays["weights"]) + 1e-6}
    with pytest.raises(ArtifactError, match="golden"):
        OutlookModel(replace(shipped(), arrays=other))


# --- the stream
def test_outlook_after_every_horizon() -> None:
    found = given_all(model(), bars(200))
    assert len(found) == pytest.approx((200 - 61) / 5, abs=1)
    ends = [signal.at for signal in found]
    assert all(end % (5 * MINUTE) == 0 for end in ends)
    assert ends == sorted(set(ends))
    for signal in found:
        detail = signal.detail
        assert json.loads(json.dumps(detail)) == detail
        assert (signal.event, signal.symbol) == ("signal", "AAA")
        assert detail["interval"][0] <= detail["interval"][1]
        assert {"probability", "base_rate", "n", "expected_net_bp"} <= set(detail)
        assert detail["says"] in ("up", "down", "no edge")


@pytest.mark.parametrize("origin", ["simulated", "live", None])
def test_a_forecast_names_the_origin_and_claims_no_edge_of_a_simulated_market(
    origin: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is made to claim an edge each time."""
    predict = OutlookModel.predict
    monkeypatch.setattr(
        OutlookModel,
        "predict",
        lambda *given: (found := predict(*given)) and replace(found, edge=1),
    )
    stream = model()
    stream.origin = origin
    found = given_all(stream, bars(100))
    assert {signal.detail["says"] for signal in found} == {
        "no edge" if origin == "simulated" else "up"
    }
    assert {signal.detail["origin"] for signal in found} == {origin}


def rule(when: str, **options: Any) -> Rule:
    return Rule("mine", parse(when), **options)


def fired(signals: Sequence[Signal]) -> list[Signal]:
    return [signal for signal in signals if signal.detail["kind"] == "rule"]


def test_rule_fires_when_it_begins_to_hold() -> None:
    rows = bars(150)
    found = fired(given_all(model(rule("close > sma(10)")), rows))
    from tickfire.kernels import native

    close = rows["close"] / 1e9
    holds = close > native.sma(close, 10)
    begins = np.flatnonzero(holds & ~np.roll(holds, 1))
    assert [signal.at for signal in found] == [int(rows["start"][at]) + MINUTE for at in begins]
    assert found[0].detail["when"] == "close > sma(10)"
    assert set(found[0].detail["values"]) == {"close", "sma(10)"}
    assert found[0].n == rows["n"][begins[0]]


def test_rules_apply_to_their_instruments_and_intervals() -> None:
    rows = np.concatenate([bars(3), bars(3, instrument=2), bars(3, s=1)])
    only = model(rule("close > 0", symbols=frozenset({"BBB"})))
    assert [signal.symbol for signal in fired(given_all(only, rows))] == ["BBB"]
    seconds = fired(given_all(model(rule("close > 0", interval="1s")), rows))
    assert [signal.at for signal in seconds] == [BEGIN + 10**9]


def test_rules_use_sentiment_and_anomalies() -> None:
    own = model(rule("sentiment > 0.5 and anomaly > 3"))
    rows = bars(4)
    assert not fired(own.on_bars(0, rows[:1]))
    own.hear(Sentiment("h", "bullish", (0.05, 0.05, 0.9), False, symbols=("AAA",)))
    assert not fired(own.on_bars(0, rows[1:2]))
    own.hear(Signal("anomaly", "AAA", int(rows["start"][2]) + 1, {"score": 4.5}))
    (signal,) = fired(own.on_bars(0, rows[2:3]))
    assert signal.detail["values"] == {"sentiment": 0.85, "anomaly": 4.5}


def test_late_pieces_are_ignored_and_rewind_starts_anew() -> None:
    rows = bars(150)
    late = rows[60:61].copy()
    late["flags"] = BAR_LATE
    plain = given_all(model(), rows)
    assert plain
    with_late = np.concatenate([rows[:100], late, rows[100:]])
    assert given_all(model(), with_late) == plain
    again = rows.copy()
    again["flags"][0] = BAR_REWIND
    twice = given_all(model(), np.concatenate([rows, again]))
    assert twice == plain + plain


def test_sentiment_fades_and_abstentions_do_not_count() -> None:
    context = RuleContext()
    context.hear_sentiment(Sentiment("a", "bearish", (0.9, 0.1, 0.0), True), 0.0)
    assert context.sentiment(0.0) == 0.0
    context.hear_sentiment(Sentiment("b", "bearish", (0.9, 0.1, 0.0), False), 0.0)
    assert context.sentiment(0.0) == pytest.approx(-0.9)
    assert -0.06 < context.sentiment(3600.0) < 0


def test_rules_from_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[[rule]]\nname = 'any'\nwhen = 'close > 0'\n")
    monkeypatch.setenv(RULES_VARIABLE, str(path))
    own = SignalsModel(Instruments([Instrument(1, 1, "AAA")]))
    assert [signal.detail["name"] for signal in own.on_bars(0, bars(1))] == ["any"]
