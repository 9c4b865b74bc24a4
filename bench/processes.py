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
from typing import Final

START_S: Final = 30.0
POLL_S: Final = 0.02


@contextlib.contextmanager
def tickfire(*args: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a tickfire command as a process, which ends with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tickfire.server", *args],
        env={**os.environ, "TICKFIRE_LOG": "warning", **environment},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


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


def cpu_seconds(pid: int) -> float:
    """Return the user and system CPU time of a process, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
