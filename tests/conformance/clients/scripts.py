"""Scripts in Node that make requests of the test while they run; see asking.mjs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

SCRIPT_TIMEOUT_S = 240


def run_script(script: Path, argument: str, do: Callable[[str], None]) -> dict[str, Any]:
    """Return the results that a script prints; `do` carries out its requests."""
    command = ["node", str(script), argument]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as node:  # type: ignore[call-overload]
        timer = Timer(SCRIPT_TIMEOUT_S, node.kill)
        timer.start()
        try:
            for line in node.stdout:
                message = json.loads(line)
                if "results" in message:
                    results: dict[str, Any] = message["results"]
                    return results
                do(message["ask"])
                node.stdin.write("done\n")
                node.stdin.flush()
        finally:
            timer.cancel()
    raise AssertionError(f"{script.name} ended with {node.returncode} and without results")
