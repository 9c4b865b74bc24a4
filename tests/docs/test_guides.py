"""The Python of the guides runs, block after block, and the tests in it pass."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from types import CodeType
from typing import Any

import pytest

from tests.support.docs.running import running
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
GUIDES = ["phoenix.md", "starlette.md"]

CLIENT_TIMEOUT_S = 60

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SCRIPT = re.compile(r"^```js\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# In place of what a bundler and a page do.
_PRELUDE = """
import { createRequire } from "node:module";
const require = createRequire(process.argv[1]);
globalThis.WebSocket = require("ws");
"""


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


@pytest.mark.timeout(240)
async def test_the_javascript_of_the_chat_runs() -> None:
    found = _SCRIPT.search((DOCS / "starlette.md").read_text())
    assert found is not None
    script = found[1].replace(
        'import { Socket } from "phoenix"', 'const { Socket } = require("phoenix")'
    )
    async with running("chat.py") as port:
        script = _PRELUDE + script.replace("8000", str(port))
        package = str(DOCS.parent / "client_js" / "package.json")
        node = await asyncio.create_subprocess_exec(
            *("node", "--input-type=module", "--eval", script, package),
            stdout=asyncio.subprocess.PIPE,
        )
        assert node.stdout is not None
        async with asyncio.timeout(CLIENT_TIMEOUT_S):
            line = await node.stdout.readline()
        node.kill()
        await node.wait()
    assert line == b"Ann: hello\n"


@pytest.mark.parametrize("guide", GUIDES)
def test_its_anchors_exist(guide: str) -> None:
    text = (DOCS / guide).read_text()
    links = re.findall(r"\]\(([a-z]*\.?[a-z]*)#([a-z-]+)\)", text)
    assert links
    for name, anchor in links:
        target = (DOCS / name).read_text() if name else text
        titles = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert anchor in slugs
