"""Versions, and requirements such as ``~> 2.0.0``, as Elixir's `Version` reads them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Final

type Version = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]
"""Comparable key of a version; a pre-release comes before its release, and builds are equal."""

_NUMBER = r"(0|[1-9][0-9]*)"
_LABELS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER}(?:-({_LABELS}))?(?:\+{_LABELS})?)?", re.ASCII
)
_CLAUSE = re.compile(r"(==|!=|>=|<=|>|<|~>)?\s*([^\s=!<>~]+)", re.ASCII)

MAX_LENGTH: Final = 255
"""Characters of a version; a longer one is malformed."""

_LOWEST: Final = ((0, 0, ""),)
_COMPARE: Final[dict[str, Callable[[Version, Version], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def parse_version(text: str) -> Version | None:
    """Return the version in a text such as ``2.0.0``, or None if it is malformed."""
    found = _VERSION.fullmatch(text) if len(text) <= MAX_LENGTH else None
    return None if found is None or found[3] is None else _key(found)


def _key(found: re.Match[str]) -> Version | None:
    labels = [] if found[4] is None else found[4].split(".")
    if any(len(label) > 1 and label.isdecimal() and label[0] == "0" for label in labels):
        return None
    pre = tuple((0, int(each), "") if each.isdecimal() else (1, 0, each) for each in labels)
    return (int(found[1]), int(found[2]), int(found[3] or 0), not pre, pre)


class Requirement:
    """Requirement for versions: comparisons, joined by ``and`` and ``or``.

    ``~> 2.0.0`` is ``>= 2.0.0 and < 2.1.0``, and ``~> 2.1`` is ``>= 2.1.0 and < 3.0.0``.

    Raises
    ------
    ValueError
        If it is malformed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        alternatives = re.split(r"\s+or\s+", text.strip())
        self._any = [
            [self._clause(clause) for clause in re.split(r"\s+and\s+", each)]
            for each in alternatives
        ]

    def matches(self, version: Version) -> bool:
        """Return whether a version meets the requirement."""
        return any(all(clause(version) for clause in clauses) for clauses in self._any)

    def _clause(self, text: str) -> Callable[[Version], bool]:
        found = _CLAUSE.fullmatch(text)
        version = None if found is None else _VERSION.fullmatch(found[2])
        key = None if version is None else _key(version)
        if found is None or version is None or key is None:
            raise ValueError(f"{self.text!r} is no requirement for versions, as '~> 2.0.0' is one")
        if found[1] == "~>":
            major, minor, patched = key[0], key[1], version[3] is not None
            end = (major, minor + 1, 0) if patched else (major + 1, 0, 0)
            return lambda given: key <= given < (*end, False, _LOWEST)
        if version[3] is None:
            raise ValueError(f"{self.text!r}: only '~>' takes a version without its third number")
        compare = _COMPARE[found[1] or "=="]
        return lambda given: compare(given, key)
