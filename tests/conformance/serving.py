"""The conformance app in a process of its own, on our protocol class or on any ASGI server."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator

from tests.support.eventually import wait_until
from tests.support.paths import ROOT

APP = "tests.conformance.app"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0

OTHER_SERVERS = {
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:{port}", f"{APP}:build_app()"],
    "granian": [
        *("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"),
        *("--no-log", "--factory", f"{APP}:build_app"),
    ],
}
"""Modules and arguments that serve the app without our protocol class."""


@contextlib.contextmanager
def serving(port: int) -> Iterator[None]:
    """Serve the app on our protocol class."""
    command = [sys.executable, "-m", APP, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "listening\n"
            yield
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)


@contextlib.contextmanager
def serving_elsewhere(name: str, port: int) -> Iterator[None]:
    """Serve the app on another server, by its ASGI messages alone."""
    arguments = [argument.format(port=port) for argument in OTHER_SERVERS[name]]
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield
        finally:
            server.terminate()
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    def listens() -> bool:
        assert server.poll() is None, "the server has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return True
        return False

    wait_until(listens, "the server listens", START_TIMEOUT_S)
