"""`tickfire dev` for tests that drive a page, which cannot share an event loop with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tickfire.base.ports import free_port

READY_S: Final = 60
STOP_S: Final = 20
SETTINGS: Final = ("FEED", "SPEED", "REDIS_URL", "WORKERS", "DATABENTO_API_KEY", "HOST", "PORT")


@contextmanager
def house(settings: dict[str, str], log: Path) -> Iterator[tuple[str, int]]:
    """Run `tickfire dev`; yield its URL and its process id once it is ready."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tickfire.server", "dev"],
            env={**environment, **settings, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_ready(url, process, log)
            yield url, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S)


def wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            threading.Event().wait(0.2)
    pytest.fail(f"the house is not ready; its log:\n{log.read_text()[-2000:]}")
