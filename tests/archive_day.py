"""A day of recorded ticks through `tickfire ingest` and `tickfire record`, killed again and again.

``python -m tests.archive_day [FILE] [KILLS]`` reads a DBN file into Redis, records it, kills the
recorder with SIGKILL, fills its disk (as root: a small tmpfs) and compares the archive with the
file: each tick once, in order.
"""

from __future__ import annotations

import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from tests.support.cli import TICKFIRE
from tests.support.eventually import wait_until
from tests.support.paths import SHARED
from tests.support.recording import record_process, ticks_of_file
from tests.support.valkey import Valkey
from tickfire.archive.files import current
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.archive.views import connect
from tickfire.store.schema import TICK_CLEAR

FILE = SHARED / "data" / "dbn" / "lean_20131008_mixed.dbn.zst"
COLUMNS = ("ts_event", "price", "size", "instrument_id", "sequence", "kind", "side", "flags")
DEEP = ("--history-ticks", "100000000")
LARGE = "2g"
ROTATION = ("--rotate-rows", "20000", "--rotate-seconds", "0.5")


def ticks_of_archive(target: Path) -> dict[str, np.ndarray]:
    """Return the columns of all trades and quotes of an archive, in the order of positions."""
    opened = Target(str(target))
    files = [opened.address(path) for path in current(opened.find(TICKS))]
    with closing(connect(opened)) as connection:
        raw = connection.sql(
            f"SELECT {', '.join(COLUMNS)}, position FROM read_parquet({files})"
            f" WHERE kind <> {TICK_CLEAR} ORDER BY position"
        )
        return raw.fetchnumpy()


def committed(target: Path) -> int:
    return sum(1 for _ in target.glob("_commits/ticks/*/*.json"))


def record_and_kill(url: str, target: Path, kills: int, mount: bool) -> None:
    """Record in spurts that end by SIGKILL; twice the disk is full."""
    full_at = {kills // 3, 2 * kills // 3} if mount else set()
    for number in range(kills):
        with record_process(url, target, *ROTATION) as process:
            if number in full_at:
                remount(target, str(shutil.disk_usage(target).used))
                print(line_with(process, "no room left"), flush=True)
                remount(target, LARGE)
            before = committed(target)
            wait_until(lambda: committed(target) > before, "a batch", 20)  # noqa: B023
            with suppress(subprocess.TimeoutExpired):  # somewhere within the next batch
                process.wait(random.random() / 5)
        print(f"killed {number + 1} times, {committed(target)} batches are recorded", flush=True)


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """Return the line of a process's log that has some words, or a line that says there is none."""
    assert process.stderr is not None
    deadline = time.monotonic() + 30
    while select.select([process.stderr], [], [], max(0.0, deadline - time.monotonic()))[0]:
        line = process.stderr.readline()
        if words in line or not line:
            return line.strip()
    return f"no line has {words!r}"


def remount(target: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(target)], check=False)


def finish(url: str, target: Path, newest: int) -> None:
    with record_process(url, target, *ROTATION):
        wait_until(
            lambda: any(
                int(path.name.partition("_")[0]) >= newest
                for path in target.glob("_commits/ticks/*/*.json")
            ),
            "the last tick is recorded",
            300,
        )


def main(path: Path = FILE, kills: int = 10) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "archive"
        target.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", str(target)], check=False
        )
        mount = made.returncode == 0
        valkey = Valkey()
        ingest = subprocess.Popen(
            [*TICKFIRE, "ingest", "--file", str(path), "--redis-url", valkey.url, *DEEP]
        )
        began = time.monotonic()
        try:
            wait_until(lambda: valkey.client.exists("ticks:{1.0}"), "ingest writes", 60)
            record_and_kill(valkey.url, target, kills, mount)
            expected = ticks_of_file(path)
            wait_until(lambda: newest(valkey) >= len(expected), "ingest has read the file", 300)
            finish(valkey.url, target, newest(valkey))
            found = ticks_of_archive(target)
            print(f"{len(expected):,} ticks in {time.monotonic() - began:.0f} s, {kills} kills")
            assert len(found["position"]) == len(expected), len(found["position"])
            assert len(np.unique(found["position"])) == len(expected)
            for name in COLUMNS:
                np.testing.assert_array_equal(found[name], expected[name], name)
            print("the archive equals the file: each tick once, in order")
        finally:
            ingest.terminate()
            ingest.wait()
            valkey.close()
            if mount:
                subprocess.run(["umount", str(target)], check=False)


def newest(valkey: Valkey) -> int:
    entries = valkey.client.xrevrange("ticks:{1.0}", count=1)
    return int(entries[0][0].partition(b"-")[0])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        Path(arguments[0]) if arguments else FILE,
        int(arguments[1]) if len(arguments) > 1 else 10,
    )
