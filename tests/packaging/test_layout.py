"""The layout of the tests: suites apart, helpers in `tests/support`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
SUITES = sorted(path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py")))
PRODUCT = ("server", "ingest", "models", "wasm", "docs/examples")


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of(folder: Path, package: str) -> list[tuple[Path, list[str]]]:
    """Return what a folder's files import of a package, as the parts of dotted names."""
    files = sorted(folder.rglob("*.py"))
    assert files, f"{folder} holds no Python"
    names = ((path.relative_to(ROOT), name.split(".")) for path in files for name in imported(path))
    return [(path, parts) for path, parts in names if parts[0] == package]


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_imports_from_itself_and_from_support_alone(suite: str) -> None:
    for path, parts in imports_of(TESTS / suite, "tests"):
        assert parts[1] in (suite, "support"), f"{path} imports {'.'.join(parts)}"


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_imports_a_test_module_or_a_conftest(suite: str) -> None:
    for path, parts in imports_of(TESTS / suite, "tests"):
        found = [part for part in parts if part == "conftest" or part.startswith("test_")]
        assert not found, f"{path} imports {'.'.join(parts)}; move the name to tests/support"


def test_the_benches_import_support_alone() -> None:
    for path, parts in imports_of(ROOT / "bench", "tests"):
        assert parts[1] == "support", f"{path} imports {'.'.join(parts)}"


@pytest.mark.parametrize("folder", PRODUCT)
@pytest.mark.parametrize("package", ["tests", "bench"])
def test_the_product_imports_neither_tests_nor_benches(folder: str, package: str) -> None:
    assert imports_of(ROOT / folder, package) == []
