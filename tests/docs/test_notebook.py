"""The notebook runs from its first cell to its last, against a running house."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.docs.running import EXAMPLES
from tests.support.house import running_house

NOTEBOOK = EXAMPLES / "market.ipynb"
TIMEOUT_S = 120
EXECUTE = "from nbclient.cli import main; main()"
WIDGET = "application/vnd.jupyter.widget-view+json"

CHECK = """
import asyncio

async with asyncio.timeout(60):
    while len(chart.candles) < 10:
        await asyncio.sleep(0.05)
print("the chart has candles")
"""
"""Run after the cell that shows the chart."""


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text("utf8"))
    return notebook


def write_checked(path: Path) -> None:
    """Write the notebook with a cell that waits for the candles of the chart."""
    notebook = read(NOTEBOOK)
    check: dict[str, Any] = {
        "cell_type": "code", "id": "check", "metadata": {}, "execution_count": None,
        "outputs": [], "source": CHECK,
    }  # fmt: skip
    notebook["cells"].insert(-2, check)
    path.write_text(json.dumps(notebook))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "market.ipynb"
    write_checked(path)
    folders = dict.fromkeys(("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"), str(tmp_path))
    async with running_house() as house:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", EXECUTE, "--inplace", str(path)),
            env={**os.environ, **folders, "TICKFIRE_URL": house.url},
            stderr=asyncio.subprocess.PIPE,
        )
        _, log = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode == 0, log.decode()
    outputs = [each for cell in read(path)["cells"] for each in cell.get("outputs", [])]
    shown = {kind for each in outputs for kind in each.get("data", {})}
    assert {WIDGET, "text/html"} <= shown
    assert any("the chart has candles" in str(each.get("text")) for each in outputs)


def test_its_outputs_are_stripped() -> None:
    for cell in read(NOTEBOOK)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
