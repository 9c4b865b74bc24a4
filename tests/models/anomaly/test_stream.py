"""The anomaly model of `tickfire infer`: its artifact and its events."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.models.ticks import quiet_market, trade_index
from tickfire.models.anomaly.artifact import read
from tickfire.models.anomaly.detector import FEATURE_NAMES
from tickfire.models.anomaly.stream import DEFAULT_PATH, AnomalyModel
from tickfire.models.artifact import ArtifactError, load, save
from tickfire.models.infer.instruments import Instruments
from tickfire.models.records import Signal
from tickfire.models.registry import stream_model
from tickfire.store.schema import Instrument


def model(path: Path = DEFAULT_PATH) -> AnomalyModel:
    return AnomalyModel(Instruments([Instrument(0, 1, "ACME")]), path)


def test_huge_size_becomes_an_event() -> None:
    ticks = quiet_market(2_000)
    at = trade_index(ticks, 1_000)
    ticks["size"][at] = 10_000_000
    signals: list[Signal] = []
    made = model()
    for begin in range(0, len(ticks), 256):
        signals += made.on_ticks(0, 1 + begin, ticks[begin : begin + 256])
    (signal,) = [one for one in signals if one.n == at + 1]
    assert (signal.event, signal.symbol, signal.model) == ("anomaly", "ACME", "anomaly/1")
    assert signal.at == ticks["ts_event"][at]
    detail = signal.detail
    assert detail["feature"] == "volume"
    assert detail["value"] == 10_000_000 and detail["unit"] == ""
    assert detail["z"] == detail["features"]["volume"] > 5.0
    assert detail["score"] >= 1.0
    assert detail["text"].startswith("volume 1e+07, usually ")
    assert set(detail["features"]) == set(FEATURE_NAMES[:-1])
    json.dumps(detail, allow_nan=False)
    assert made.metrics()["trades"] == 2_000
    assert made.metrics()["alarms"] == len(signals)


def test_few_alarms_in_quiet_market() -> None:
    found = model().on_ticks(0, 1, quiet_market(30_000))
    assert len(found) <= 10  # of 30,000 trades


def test_artifact_of_folder_is_preferred_to_shipped_one(tmp_path: Path) -> None:
    instruments = Instruments(artifacts=tmp_path)
    assert instruments.artifact("anomaly") == DEFAULT_PATH
    assert AnomalyModel(instruments).metrics()["alarms"] == 0
    (tmp_path / "anomaly.json").write_text("{}")
    with pytest.raises(ArtifactError, match="refused"):
        AnomalyModel(instruments)


def test_is_registered_for_infer() -> None:
    assert stream_model("anomaly") is AnomalyModel


def test_new_thresholds_are_loaded_and_bad_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "anomaly.json"
    for suffix in (".json", ".npz"):
        shutil.copy(DEFAULT_PATH.with_suffix(suffix), path.with_suffix(suffix))
    made = model(path)
    ticks = quiet_market(3_000)
    assert not made.on_ticks(0, 1, ticks[:1_500])
    artifact = load(path, "anomaly", 1)
    low = {**artifact.arrays, "thresholds": np.full(5, 1.5)}
    save(dataclasses.replace(artifact, arrays=low), tmp_path)
    assert made.reload(now=True)
    assert made.on_ticks(0, 1_501, ticks[1_500:3_000])
    path.write_text("{}")
    assert not made.reload(now=True)
    assert made.on_ticks(0, 3_001, ticks[3_000:])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"options": {"bars": {"features": ["other"]}}}, "other features"),
        ({"options": {"memory": 7}}, "other features or constants"),
        ({"golden": ({"input": [1.0, 2.0], "output": [[0.0, 9.0], [0.0, 9.0]]},)}, "golden"),
        ({"arrays": {"thresholds": np.ones(4)}}, "5 thresholds"),
        ({"arrays": {"other": np.ones(5)}}, "thresholds"),
        ({"arrays": {"thresholds": np.ones(5), "forest_left": np.ones(3)}}, "left"),
    ],
)
def test_unsuitable_artifact_is_refused(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    artifact = load(DEFAULT_PATH, "anomaly", 1)
    if "options" in change:
        change = {"options": {**artifact.options, **change["options"]}}
    if "arrays" in change:
        change = {"arrays": {**artifact.arrays, "thresholds": None, **change["arrays"]}}
        change["arrays"] = {k: v for k, v in change["arrays"].items() if v is not None}
    save(dataclasses.replace(artifact, **change), tmp_path)
    with pytest.raises(ArtifactError, match=says):
        read(tmp_path / "anomaly.json")
