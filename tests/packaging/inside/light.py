"""Check that `import tickfire.phoenix` is quick, and imports nothing that only an extra needs.

Its time is printed, and held to that of what it cannot do without, which depends on the machine as
much: asyncio, Starlette's routing and msgspec.
"""

from __future__ import annotations

import subprocess
import sys

GREATEST_RATIO = 2.5
TRIES = 9  # of which the quickest counts
MOST_TRIES = 45  # on a busy machine, until the times of both are those of an idle one
OPTIONAL = ("httptools", "jwt", "nacl", "numba", "numpy", "redis", "uvicorn", "websockets")

PROGRAM = """
import sys, time
began = time.process_time()
import {modules}
print(time.process_time() - began, *sys.modules)
"""


def import_once(modules: str) -> tuple[float, set[str]]:
    """Import modules in a new interpreter; return the CPU seconds and all that was imported."""
    command = [sys.executable, "-c", PROGRAM.format(modules=modules)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, *imported = output.split()
    return float(seconds), {module.split(".")[0] for module in imported}


def main() -> None:
    least: list[float] = []
    whole: list[float] = []
    ratio = GREATEST_RATIO
    while len(whole) < TRIES or (ratio >= GREATEST_RATIO and len(whole) < MOST_TRIES):
        least.append(import_once("asyncio, starlette.routing, msgspec")[0])
        seconds, imported = import_once("tickfire.phoenix")
        whole.append(seconds)
        assert "starlette" in imported
        assert imported.isdisjoint(OPTIONAL), imported.intersection(OPTIONAL)
        ratio = min(whole) / min(least)
    sys.stdout.write(f"import tickfire.phoenix: {min(whole) * 1000:.0f} ms, ")
    sys.stdout.write(f"{ratio:.2f} times asyncio, starlette.routing and msgspec\n")
    assert ratio < GREATEST_RATIO


if __name__ == "__main__":
    main()
