"""Process tables, and waits for processes to end without polling."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

DEADLINE_S = 60.0


def wait_gone(pid: int, timeout_s: float = DEADLINE_S) -> bool:
    """Return whether a process, a child or not, ends within the timeout."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout_s)[0])
    finally:
        os.close(descriptor)


def group_of(pgid: int) -> list[int]:
    """Return the processes of a process group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == pgid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def child_of(pid: int, name: str) -> int:
    """Return the child of `tickfire dev` that runs a command; fail if none does."""
    found = find_child(pid, name)
    assert found is not None, f"{name} does not run"
    return found


def find_child(pid: int, name: str) -> int | None:
    """Return the child of `tickfire dev` that runs a command, such as ``"ingest"``, if one does."""
    below = descendants(pid).items()
    return next((each for each, line in below if f"tickfire.server {name}" in line), None)


def descendants(pid: int) -> dict[int, str]:
    """Return the command line by process id of all descendants of a process, parents first.

    Process ids tell no order: the system begins anew with low ones.
    """
    table = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in table.stdout.splitlines()]
    found: dict[int, str] = {}
    wanted = {pid}
    while wanted:
        below = {int(row[0]): row[2] for row in rows if int(row[1]) in wanted and len(row) == 3}
        found |= below
        wanted = set(below)
    return found
