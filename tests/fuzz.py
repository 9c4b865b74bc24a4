"""Fuzzing of ingest's parsers: ``python -m tests.fuzz --seconds 600``.

With the package ``atheris`` installed, the mutations follow the coverage;
without it they are random. Each target is run for its share of the time, in a process of its own.
Input that raises anything is written to a file, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tickfire.kernels.warm import kernel_modules

PARSERS = [
    "tickfire.ingest.dbn", "tickfire.ingest.inspect", "tickfire.ingest.lsg",
    "tickfire.ingest.news", "feedparser",
]  # fmt: skip


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=600, help="time for all targets")
    arguments.add_argument("--target", help="run this target alone, in this process")
    given = arguments.parse_args()
    if given.target:
        run = follow_coverage if importlib.util.find_spec("atheris") else mutate_at_random
        return run(given.target, given.seconds)
    from tests.support.fuzz import TARGETS

    failed = []
    for name in TARGETS:
        seconds = max(given.seconds // len(TARGETS), 1)
        command = [sys.executable, "-m", "tests.fuzz", "--target", name, "--seconds", str(seconds)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "nothing was found")
    return int(bool(failed))


def follow_coverage(name: str, seconds: int) -> int:
    import atheris  # type: ignore[import-untyped, unused-ignore]

    # The kernels before the rest, since numba cannot compile what atheris instruments.
    for module in kernel_modules():
        if module.startswith("tickfire.ingest."):
            importlib.import_module(module)
    with atheris.instrument_imports(include=PARSERS):
        from tests.support.fuzz import TARGETS

    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000"]
        atheris.Setup([sys.argv[0], *options, "-max_len=20000", corpus], target.run)
        atheris.Fuzz()  # ends the process
    return 0


def mutate_at_random(name: str, seconds: int) -> int:
    from tests.support.fuzz import TARGETS

    target, end, count = TARGETS[name], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        chance = random.Random(count)
        data = bytearray(chance.choice(target.seeds))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        try:
            target.run(bytes(data))
        except Exception:
            Path(f"crash-{name}-{count}").write_bytes(data)
            raise
        count += 1
    print(f"{name}: {count:,} inputs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
