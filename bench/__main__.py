"""Run benchmarks one after another, each in a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.sample import sample_file

SHARED: Final = Path(__file__).resolve().parents[2] / "shared/data/dbn/lean_20131008_mixed.dbn.zst"


def _parse() -> list[str]:
    """Return the arguments of `parse`, for the recorded day if there is one, else a simulation."""
    file = SHARED if SHARED.exists() else sample_file()
    return ["-m", "tickfire.server", "bench", "parse", str(file)]


BENCHMARKS: Final[dict[str, Callable[[], list[str]]]] = {
    "parse": _parse,
    "latency": lambda: ["-m", "bench.latency"],
    "ingest": lambda: ["-m", "bench.ingest.kernel"],
    "client": lambda: ["-m", "bench.ingest.client"],
    "backpressure": lambda: ["-m", "bench.ingest.backpressure"],
    "throughput": lambda: ["-m", "bench.ingest.throughput"],
    "fanout": lambda: ["-m", "bench.fanout"],
    "abuse": lambda: ["-m", "bench.abuse"],
    "resume": lambda: ["-m", "bench.fanout.resume"],
    "reload": lambda: ["-m", "bench.reload"],
    "soak": lambda: ["-m", "bench.soak"],
    "joins": lambda: ["-m", "bench.fanout.joins"],
    "idle": lambda: ["-m", "bench.fanout.idle"],
    "python-client": lambda: ["-m", "bench.python_client"],
    "kernels": lambda: ["-m", "bench.kernels"],
    "pyodide": lambda: ["-m", "bench.pyodide"],
    "compute": lambda: ["-m", "bench.compute"],
    "chart": lambda: ["-m", "bench.chart"],
    "render": lambda: ["-m", "bench.render"],
    "models": lambda: ["-m", "bench.models"],
}


def main() -> int:
    """Run the named benchmarks, or all; return 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, *BENCHMARKS[name]()], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
