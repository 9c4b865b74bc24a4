"""A target raises nothing but OSError, whatever its file system raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

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
