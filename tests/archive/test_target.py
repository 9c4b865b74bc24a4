"""A target raises nothing but OSError, whatever its file system raises."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from tickfire.archive.names import COMMITS
from tickfire.archive.target import Target, TargetError

CALLS: list[tuple[str, Callable[[Target], Any]]] = [
    ("pipe_file", lambda target: target.write("a", b"1")),
    ("cat_file", lambda target: target.read("a")),
    ("ls", lambda target: target.names("a")),
    ("find", lambda target: target.find("a")),
    ("size", lambda target: target.size("a")),
    ("rm_file", lambda target: target.remove("a")),
]


@pytest.mark.parametrize(("method", "call"), CALLS, ids=[method for method, _ in CALLS])
def test_an_error_of_the_file_system_is_an_os_error(
    method: str, call: Callable[[Target], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any, **options: Any) -> None:
        raise RuntimeError("access denied")  # as those of some clients of object stores

    target = Target("memory://bucket/errors")
    monkeypatch.setattr(MemoryFileSystem, method, fail)
    with pytest.raises(TargetError, match="RuntimeError: access denied"):
        call(target)


def test_a_missing_file_is_told_from_an_error() -> None:
    target = Target("memory://bucket/missing")
    with pytest.raises(FileNotFoundError):
        target.read("a")
    target.remove("a")
    assert target.names("a") == target.find("a") == []


def test_readers_do_not_see_the_check_of_a_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look(_: LocalFileSystem, path: str) -> None:
        seen.extend(target.names(COMMITS))
        os.remove(path)

    target = Target(str(tmp_path))
    monkeypatch.setattr(LocalFileSystem, "rm_file", look)
    target.check()
    assert seen == []
    assert [*(tmp_path / COMMITS).iterdir()] == []


def test_a_file_has_no_names_of_others_in_it(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x")
    assert Target(str(tmp_path)).names("README/more") == []
