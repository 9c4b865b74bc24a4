"""`tickfire dev` for tests that drive a page, which cannot share an event loop with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.eventually import wait_until
from tests.support.house import HISTORY_S, START_S, STOP_S
from tickfire.base.ports import free_port

SETTINGS: Final = "FEED SPEED REDIS_URL WORKERS DATABENTO_API_KEY HOST PORT ROOT_PATH".split()


@contextmanager
def house(settings: dict[str, str], log: Path) -> Iterator[tuple[str, int]]:
    """Run `tickfire dev`; yield its URL and its process id once it is ready."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tickfire.server", "dev"],
            env={**environment, "HISTORY": str(HISTORY_S), **settings, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait_ready(url, process, log)
            yield url, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S)


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def is_ready() -> bool:
        assert process.poll() is None, f"the house has ended; its log:\n{log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(is_ready, f"the house is ready; see {log}", START_S)
