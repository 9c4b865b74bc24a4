"""Artifacts: round trips, refusals, and hot reload."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tickfire.models.artifact import Artifact, ArtifactError, load, save
from tickfire.models.reload import Reloader

numbers = st.sampled_from(["<f8", "<f4", "<i8", "<i4", "|i1", "|u1", "|b1"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=2, max_side=5, min_side=0))
)


def artifact(**changes: Any) -> Artifact:
    made = Artifact(
        name="small",
        kind="test",
        version=3,
        arrays={"w": np.arange(6, dtype=np.int8).reshape(2, 3), "b": np.array([0.5])},
        features=("one", "two"),
        options={"threshold": 0.25, "names": ["ä"]},
        data={"a.csv": "0" * 64},
        versions={"numpy": "2"},
        metrics={"accuracy": 0.9},
        golden=({"input": "x", "output": [1.0]},),
    )
    return replace(made, **changes)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), numbers, max_size=4))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, held: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("artifact")
    before = artifact(arrays=held)
    after = load(save(before, folder), "test", 3)
    assert after.arrays.keys() == held.keys()
    for name, array in held.items():
        assert after.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(after.arrays[name], array)
        assert not after.arrays[name].flags.writeable
    assert replace(after, arrays={}) == replace(before, arrays={})


def test_same_artifact_gives_same_bytes(tmp_path: Path) -> None:
    one, two = save(artifact(), tmp_path / "one"), save(artifact(), tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    assert one.with_suffix(".npz").read_bytes() == two.with_suffix(".npz").read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["small.json", "small.npz"]


@given(st.data())
def test_any_changed_byte_of_arrays_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = save(artifact(), tmp_path_factory.mktemp("artifact"))
    npz = path.with_suffix(".npz")
    content = bytearray(npz.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    npz.write_bytes(content)
    with pytest.raises(ArtifactError, match="not the file that its manifest names"):
        load(path, "test", 3)


def test_changed_manifest_is_refused(tmp_path: Path) -> None:
    path = save(artifact(), tmp_path)
    manifest = json.loads(path.read_text())
    manifest["metrics"]["accuracy"] = 0.99
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="changed after it was written"):
        load(path, "test", 3)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff\xfe"])
def test_malformed_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "small.json"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="is refused"):
        load(path, "test", 3)


def test_missing_file_or_other_kind_or_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file"):
        load(tmp_path / "absent.json", "test", 3)
    path = save(artifact(), tmp_path)
    with pytest.raises(ArtifactError, match="it is a test of version 3, not other 1"):
        load(path, "other", 1)
    (tmp_path / "renamed.json").write_bytes(path.read_bytes())
    with pytest.raises(ArtifactError, match="it is the manifest of small"):
        load(tmp_path / "renamed.json", "test", 3)
    path.with_suffix(".npz").unlink()
    with pytest.raises(ArtifactError, match="No such file"):
        load(path, "test", 3)


def test_objects_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="numbers, not"):
        save(artifact(arrays={"o": np.array([object()])}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def metric(path: Path) -> float:
    return load(path, "test", 3).metrics["accuracy"]


def test_new_file_is_loaded_once_it_stops_changing(tmp_path: Path) -> None:
    following = Reloader(save(artifact(), tmp_path), metric)
    assert following.model == 0.9 and not following.poll()
    save(artifact(metrics={"accuracy": 0.95}), tmp_path)
    assert not following.poll()
    assert following.poll() and following.model == 0.95
    assert not following.poll() and following.swaps == 1
    save(artifact(metrics={"accuracy": 0.96}), tmp_path)
    assert following.poll(now=True) and following.model == 0.96


def test_bad_file_is_refused_once_and_old_model_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save(artifact(), tmp_path)
    following = Reloader(path, metric)
    path.with_suffix(".npz").write_bytes(b"garbage")
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert not following.poll()
    assert following.model == 0.9 and following.refusals == 1
    assert len(caplog.records) == 1 and "The previous model stays" in caplog.text
    path.unlink()
    assert not following.poll(now=True) and following.refusals == 2
    save(artifact(metrics={"accuracy": 0.5}), tmp_path)
    assert following.poll(now=True) and following.model == 0.5


def test_reloader_needs_a_valid_first_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        Reloader(tmp_path / "absent.json", metric)
