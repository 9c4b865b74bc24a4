"""The load generator in `bench/loadgen`, compiled and run."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

SOURCES: Final = Path(__file__).resolve().parents[1] / "loadgen"


def build(folder: Path) -> Path:
    """Compile the load generator.

    Raises
    ------
    SystemExit
        If there is no C compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("This benchmark needs a C compiler (gcc or cc) for its load generator.")
    program = folder / "loadgen"
    sources = [str(source) for source in sorted(SOURCES.glob("*.c"))]
    subprocess.run([compiler, "-O2", "-o", str(program), *sources], check=True)
    return program


def lines_of(command: list[str]) -> list[dict[str, Any]]:
    """Run the load generator; return the figures of each of its phases."""
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    return [json.loads(line) for line in output.splitlines()]
