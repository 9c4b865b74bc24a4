"""The layout of the code: no imports in a circle, suites apart, no test that sleeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.support.paths import ROOT
from tests.support.source import PRODUCT, imported, python_files

TESTS = ROOT / "tests"
SUITES = sorted(path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py")))
PACKAGES = (
    *("phoenix", "client", "server", "render", "models", "ingest"),
    *("archive", "store", "base", "kernels"),
)

REAL_TIME = {
    "tests/support/eventually.py": "polls, which every other wait is built on",
    "tests/conformance/channels.py": "channels that answer late on purpose",
    "tests/packaging/dist_check.py": "polls an example by a real client, in a script",
    "tests/support/roles.py": "a feed that sends at the pace of a live one",
    "tests/support/chaos/feed.py": "a feed that sends at the pace of a live one",
    "tests/support/chaos/kept.py": "starts a process again after a while, as a supervisor does",
    "tests/support/chaos/followers.py": "clients that hang, and come back after a while",
    "tests/conformance/scenario.py": "replays the waits of recorded transcripts",
}
"""Files that may sleep, and why."""


# --- imports
def imports_of(folder: Path, package: str) -> list[tuple[Path, list[str]]]:
    """Return the imports of a package by a folder's files, as the parts of dotted names."""
    files = python_files(folder)
    names = ((path.relative_to(ROOT), name.split(".")) for path in files for name in imported(path))
    return [(path, parts) for path, parts in names if parts[0] == package]


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for types alone, and those within functions, count."""
    roots = [f"tickfire.{name}" for name in PACKAGES]
    graph = grimp.build_graph(*roots, exclude_type_checking_imports=False, cache_dir=None)
    assert len(graph.modules) > 200
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"each of these is imported by the next: {error.args[1]}")


def test_every_package_is_checked_for_circles() -> None:
    folders = [path for top in PRODUCT for path in (ROOT / top / "tickfire").glob("*/")]
    assert {path.name for path in folders} - {"__pycache__"} == set(PACKAGES)


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


@pytest.mark.parametrize("folder", [*PRODUCT, "docs/examples"])
@pytest.mark.parametrize("package", ["tests", "bench"])
def test_the_product_imports_neither_tests_nor_benches(folder: str, package: str) -> None:
    assert imports_of(ROOT / folder, package) == []


# --- sleeps
def sleeps(path: Path) -> Iterator[str]:
    """Yield the line of every call that waits for a time instead of an event.

    A sleep of nought lets other tasks run, and is none.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called, owner = node.func.attr, node.func.value
        if called == "sleep" and isinstance(owner, ast.Name) and owner.id in ("asyncio", "time"):
            [argument] = node.args
            fixed = not (isinstance(argument, ast.Constant) and argument.value == 0)
        elif called == "wait" and isinstance(owner, ast.Call):  # Event().wait(0.1)
            fixed = bool(node.args or node.keywords)
        else:
            fixed = called == "wait_for_timeout"
        if fixed:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def test_no_test_sleeps_for_a_fixed_time() -> None:
    files = [path for path in python_files(TESTS) if str(path.relative_to(ROOT)) not in REAL_TIME]
    found = [line for path in files for line in sleeps(path)]
    assert not found, "wait for an event (tests/support/eventually.py):\n" + "\n".join(found)


def test_every_file_that_may_sleep_does() -> None:
    assert all(any(sleeps(ROOT / name)) for name in REAL_TIME)
