"""Source files of the repository, and what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PRODUCT = ("server", "server/client", "ingest", "models", "wasm")
"""Folders of the product's Python."""


def python_files(folder: Path) -> list[Path]:
    """Return the Python files below a folder, of which there must be some."""
    files = sorted(folder.rglob("*.py"))
    assert files, f"{folder} holds no Python"
    return files


@cache
def imported(path: Path) -> list[str]:
    """Return the dotted name of everything that a file imports, at any depth."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (f"{base}.{alias.name}" for alias in node.names)
