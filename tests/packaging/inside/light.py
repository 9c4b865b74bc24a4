"""Check that `import tickfire.phoenix` is quick, and imports nothing that only an extra needs."""

from __future__ import annotations

import subprocess
import sys

LIMIT_S = 0.150
TRIES = 9  # of which the quickest counts: the machine may be busy
OPTIONAL = ("httptools", "jwt", "nacl", "numba", "numpy", "redis", "uvicorn", "websockets")

PROGRAM = """
import sys, time
began = time.perf_counter()
import tickfire.phoenix
print(time.perf_counter() - began, *sys.modules)
"""


def import_once() -> tuple[float, set[str]]:
    """Import the library in a new interpreter; return the seconds and what was imported."""
    command = [sys.executable, "-c", PROGRAM]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, *modules = output.split()
    return float(seconds), {module.split(".")[0] for module in modules}


def main() -> None:
    tries = [import_once() for _ in range(TRIES)]
    for _, modules in tries:
        assert "starlette" in modules
        assert modules.isdisjoint(OPTIONAL), modules.intersection(OPTIONAL)
    quickest = min(seconds for seconds, _ in tries)
    assert quickest < LIMIT_S, f"import tickfire.phoenix takes {quickest:.3f} s"
    sys.stdout.write(f"import tickfire.phoenix: {quickest * 1000:.0f} ms\n")


if __name__ == "__main__":
    main()
