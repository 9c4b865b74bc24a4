"""Versions and requirements, as Elixir's `Version` has them."""

from __future__ import annotations

import pytest

from tickfire.phoenix.wire.versions import Requirement, parse_version


@pytest.mark.parametrize(
    ("requirement", "matching", "others"),
    [
        ("~> 2.0.0", ["2.0.0", "2.0.9", "2.0.1-rc"], ["2.0.0-rc", "2.1.0-rc", "2.1.0", "1.9.9"]),
        ("~> 2.1", ["2.1.0", "2.9.3"], ["2.0.9", "3.0.0", "3.0.0-rc"]),
        ("== 3.0.0", ["3.0.0", "3.0.0+build"], ["3.0.1", "3.0.0-1"]),
        ("3.0.0", ["3.0.0"], ["3.0.1"]),
        ("!= 3.0.0", ["3.0.1"], ["3.0.0"]),
        ("> 1.0.0 and <= 2.0.0", ["1.0.1", "2.0.0"], ["1.0.0", "2.0.1"]),
        (">= 2.0.0 or < 1.0.0", ["0.9.0", "2.0.0"], ["1.0.0", "2.0.0-rc"]),
        (">= 1.0.0-rc.2", ["1.0.0-rc.10", "1.0.0-rc.x", "1.0.0"], ["1.0.0-rc.1", "1.0.0-beta"]),
    ],
)
def test_requirements_match(requirement: str, matching: list[str], others: list[str]) -> None:
    parsed = Requirement(requirement)

    def matches(text: str) -> bool:
        version = parse_version(text)
        assert version is not None
        return parsed.matches(version)

    assert [text for text in matching + others if matches(text)] == matching


@pytest.mark.parametrize(
    "text", ["", "~> 2", "2", "== 2.0", "=> 2.0.0", "~> 2.0.0 and", "~> x.y.z"]
)
def test_malformed_requirements_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"requirement|third number"):
        Requirement(text)


@pytest.mark.parametrize("text", ["9" * 5_000 + ".0.0", "2.0.0+" + "b" * 5_000])
def test_very_long_versions_are_malformed(text: str) -> None:
    assert parse_version(text) is None
