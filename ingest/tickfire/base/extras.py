"""Extras of the distribution: checks that the packages of one are installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from tickfire.base.errors import UsageError

PACKAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "archive": {"pyarrow": "pyarrow", "duckdb": "duckdb", "fsspec": "fsspec"},
    "history": {"databento": "databento"},
    "jwt": {"jwt": "PyJWT"},
    "render": {"wgpu": "wgpu", "PIL": "Pillow"},
    "train": {"sklearn": "scikit-learn", "matplotlib": "matplotlib"},
}
"""For each extra, the modules that it brings, with the names of their packages."""


def missing_of(extra: str) -> str | None:
    """Return a phrase that names the missing packages of an extra and the command that brings them.

    Returns None if all of them are installed.
    """
    missing = [package for module, package in PACKAGES[extra].items() if find_spec(module) is None]
    if not missing:
        return None
    return f"{' and '.join(missing)}, not installed here: pip install 'tickfire[{extra}]'"


def require_extra(extra: str, user: str) -> None:
    """Check that the packages of an extra are installed.

    Parameters
    ----------
    extra : str
        A key of `PACKAGES`.
    user : str
        The thing that needs them, with which the sentence begins.

    Raises
    ------
    UsageError
        One of them is missing. A restart would not help, so the exit code is that of a mistake in
        the settings.
    """
    missing = missing_of(extra)
    if missing is not None:
        raise UsageError(f"{user} needs {missing}.")
