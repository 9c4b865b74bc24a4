"""Kernels are compiled once: a fresh interpreter only loads them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys
from numba.core.dispatcher import Dispatcher
import tickfire.ingest.dbn.walk_kernel as module
for value in vars(module).values():
    if isinstance(value, Dispatcher) and value.nopython_signatures:
        print(sum(value.stats.cache_hits.values()), sum(value.stats.cache_misses.values()))
"""


@pytest.mark.timeout(600)
def test_a_restart_never_compiles(tmp_path: Path) -> None:
    environment = {**os.environ, "TICKFIRE_CACHE": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROBE],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert outputs[0] == ["0", "1"]
    assert outputs[1] == ["1", "0"]


@pytest.mark.timeout(600)
def test_an_edited_helper_compiles_its_kernels_anew(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(
        "from tickfire.kernels.jit import helper\nSTEP = 1\n"
        "@helper\ndef more(x):\n    return x + STEP\n"
    )
    (tmp_path / "work_kernel.py").write_text(
        "from helpers import more\nfrom tickfire.kernels.jit import kernel\n"
        "@kernel('int64(int64)')\ndef run(x):\n    return more(x)\n"
    )
    environment = {
        **os.environ,
        "TICKFIRE_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run() -> list[str]:
        code = "import work_kernel as w; print(w.run(1), sum(w.run.stats.cache_hits.values()))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert run() == ["2", "0"]
    assert run() == ["2", "1"]
    helpers = tmp_path / "helpers.py"
    helpers.write_text(helpers.read_text().replace("STEP = 1", "STEP = 5"))
    assert run() == ["6", "0"]
