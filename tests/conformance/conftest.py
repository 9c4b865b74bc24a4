"""The conformance app, in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STOP_TIMEOUT_S = 20


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """The port of a running conformance app."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "tests.conformance.app", "--port", str(free)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "listening\n"
            yield free
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)
