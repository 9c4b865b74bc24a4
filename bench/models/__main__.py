"""Run the benchmarks of the models: ``python -m bench.models [--data FOLDER] [NAME...]``."""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the named benchmarks, or all of them, and return the worst exit code."""
    folder = str(Path(__file__).parent)
    parts = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="bench.models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts))
    parser.add_argument("--data", help="folder of the training data, for the part sentiment")
    options = parser.parse_args()
    names = options.names or parts
    if unknown := sorted(set(names) - set(parts)):
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    worst = 0
    for name in names:
        print(f"-- {name}", flush=True)
        data = ["--data", options.data] if options.data and name == "sentiment" else []
        run = subprocess.run([sys.executable, "-m", f"bench.models.{name}", *data], check=False)
        worst = max(worst, run.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
