"""``python -m bench.models [NAME...]``: what the models cost, one part after another."""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run what is named, or everything."""
    folder = str(Path(__file__).parent)
    parts = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="bench.models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts))
    names = parser.parse_args().names or parts
    if unknown := sorted(set(names) - set(parts)):
        parser.error(f"there is no part {', '.join(unknown)}")
    worst = 0
    for name in names:
        print(f"-- {name}", flush=True)
        run = subprocess.run([sys.executable, "-m", f"bench.models.{name}"], check=False)
        worst = max(worst, run.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
