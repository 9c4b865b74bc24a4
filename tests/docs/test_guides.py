"""The Python of the guides runs, block after block, and the tests in it pass."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = ["phoenix.md", "starlette.md"]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(guide: str) -> list[CodeType]:
    """Compile the blocks of a guide, each at its own line."""
    text = (DOCS / guide).read_text()
    compiled = []
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(1))
        compiled.append(
            compile(
                "\n" * line + found[1],
                guide,
                "exec",
                ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                dont_inherit=True,
            )
        )
    return compiled


@pytest.mark.parametrize("guide", GUIDES)
async def test_its_python_runs(guide: str) -> None:
    namespace: dict[str, Any] = {"__name__": "guide"}
    found = blocks(guide)
    assert len(found) > 5
    for block in found:
        result = eval(block, namespace)
        if inspect.isawaitable(result):
            await result
    tests = [value for name, value in namespace.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        await test()


@pytest.mark.parametrize("guide", GUIDES)
def test_its_anchors_exist(guide: str) -> None:
    text = (DOCS / guide).read_text()
    for name, anchor in re.findall(r"\]\(([a-z]*\.?[a-z]*)#([a-z-]+)\)", text):
        target = (DOCS / name).read_text() if name else text
        titles = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert anchor in slugs
