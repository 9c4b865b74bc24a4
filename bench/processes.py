"""Processes of tickfire for the benchmarks, and waits for them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from tests.support.processes import descendants
from tickfire.base.process import death_signal

START_S: Final = 120.0
POLL_S: Final = 0.02
GIVES_WAY: Final = 10
"""Nice value of clients that are to take no time from the server, and from those who measure it."""
CPUCLOCK_SCHED: Final = 2
"""Kind of a process's CPU clock in Linux's ids of clocks: exact, unlike the times of /proc."""


@contextlib.contextmanager
def tickfire(
    *args: str, log: IO[str] | None = None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a tickfire command as a process, which logs to a file.

    It ends with the context, and is killed if the benchmark itself is.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tickfire.server", *args],
        env={**os.environ, "TICKFIRE_LOG": "warning", **environment},
        stderr=log,
        preexec_fn=death_signal(),
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int) -> None:
    """Wait until a process listens on a port."""
    _wait(lambda: socket.create_connection(("127.0.0.1", port), 1).close())


def wait_for_url(url: str) -> None:
    """Wait until a URL responds with 200."""
    _wait(lambda: urllib.request.urlopen(url, timeout=1).close())


def _wait(attempt: object) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            attempt()  # type: ignore[operator]
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
        else:
            return


def worker_pid(server: subprocess.Popen[bytes]) -> int:
    """Return the process id of the worker of ``tickfire serve`` that serves; it has one."""
    *_, worker = descendants(server.pid)
    return worker


def cpu_seconds(pid: int) -> float:
    """Return the user and system CPU time of a process, in seconds."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def cpu_seconds_of_tree(pid: int) -> float:
    """Return the CPU time of a process and of those below it, such as workers, in seconds."""
    return sum(map(cpu_seconds, (pid, *descendants(pid))))


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
