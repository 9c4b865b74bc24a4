"""The distributions that a release consists of, and their version."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CHANGELOG: Final = Path("CHANGELOG.md")
UNRELEASED: Final = "Unreleased"
_SECTION: Final = re.compile(r"^## \[(.+?)\].*$", re.MULTILINE)
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


class ReleaseError(Exception):
    """Raised when a release cannot be made; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Python:
    """A Python distribution.

    Attributes
    ----------
    name : str
    folder : Path
        Folder of its ``pyproject.toml``, from the root of the repository.
    package : str
        A module that its wheel holds, and no other one.
    """

    name: str
    folder: Path
    package: str


PYTHON: Final = (
    Python("tickfire-phoenix", Path("server"), "tickfire/phoenix/__init__.py"),
    Python("tickfire-client", Path("server/client"), "tickfire/client/__init__.py"),
    Python("tickfire", Path(), "tickfire/server/__init__.py"),
)
"""In the order in which they are uploaded: each after those that it depends on."""

NPM: Final = Path("client_js")
"""Folder of the npm package."""


def version_of(root: Path = ROOT) -> str:
    """Return the version of the distributions.

    Raises
    ------
    ReleaseError
        They differ, or a pinned dependency on another one does.
    """
    versions = {_project(root, each)["version"]: each.name for each in PYTHON}
    versions[json.loads((root / NPM / "package.json").read_text())["version"]] = "the npm package"
    for each in PYTHON:
        for name, pinned in _pins(root, each):
            versions[pinned] = f"the dependency of {each.name} on {name}"
    if len(versions) > 1:
        found = ", ".join(f"{what} {version}" for version, what in versions.items())
        raise ReleaseError(f"the versions differ: {found}; run make version VERSION=…")
    return next(iter(versions))


def set_version(version: str, today: date, root: Path = ROOT) -> list[Path]:
    """Write a version to all distributions, and its date to the changelog.

    The unreleased entries of the changelog become the section of the version.

    Parameters
    ----------
    version : str
        As ``1.2.3`` or ``1.2.3rc1``.
    today : date
    root : Path, optional

    Returns
    -------
    list of Path
        The files that changed.

    Raises
    ------
    ReleaseError
        It is no version, the changelog has it already, or has nothing unreleased.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version; write 1.2.3 or 1.2.3rc1.")
    changelog = (root / CHANGELOG).read_text("utf8")
    if notes_of(version, changelog):
        raise ReleaseError(f"{CHANGELOG} has a section {version} already.")
    if not notes_of(UNRELEASED, changelog):
        raise ReleaseError(f"{CHANGELOG} has nothing under [{UNRELEASED}].")
    heading = f"## [{UNRELEASED}]"
    changed = {CHANGELOG: changelog.replace(heading, f"{heading}\n\n## [{version}] - {today}", 1)}
    for each in PYTHON:
        path = each.folder / "pyproject.toml"
        text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', _read(root, path), count=1)
        changed[path] = re.sub(_pin(), rf"\g<1>{version}", text)
    for name in ("package.json", "package-lock.json"):
        path = NPM / name
        entries = 1 if name == "package.json" else 2  # the lock file has it at the root, too
        text = _read(root, path)
        changed[path] = re.sub(
            r'("version": )".*"', rf'\1"{npm_version(version)}"', text, count=entries
        )
    for path, text in changed.items():
        (root / path).write_text(text, "utf8")
    return list(changed)


def notes_of(version: str, changelog: str) -> str:
    """Return the text of a version's section of the changelog, empty if there is none."""
    parts = _SECTION.split(changelog)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return sections.get(version, "").strip()


def npm_version(version: str) -> str:
    """Return a version as npm writes it: a pre-release after a hyphen."""
    return re.sub(r"(a|b|rc)(\d+)$", r"-\1.\2", version)


def _read(root: Path, path: Path) -> str:
    return (root / path).read_text("utf8")


def _project(root: Path, distribution: Python) -> dict[str, str]:
    text = _read(root, distribution.folder / "pyproject.toml")
    project: dict[str, str] = tomllib.loads(text)["project"]
    return project


def _pin() -> str:
    names = "|".join(re.escape(each.name) for each in PYTHON)
    return rf"((?:{names})(?:\[[\w,]+\])?==)([\w.]+)"


def _pins(root: Path, distribution: Python) -> list[tuple[str, str]]:
    text = _read(root, distribution.folder / "pyproject.toml")
    return [(found[1], found[2]) for found in re.finditer(_pin(), text)]
