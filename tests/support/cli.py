"""The command line, run as a process."""

from __future__ import annotations

import os
import subprocess
import sys

TICKFIRE = (sys.executable, "-m", "tickfire.server")
OURS = (
    "HOST PORT FEED SPEED REDIS_URL WORKERS DATABENTO_API_KEY NEWS_FEEDS NEWS_APIS ROOT_PATH "
    "TICKFIRE_LOG TICKFIRE_LOG_FORMAT TICKFIRE_DATASET TICKFIRE_SYMBOLS TICKFIRE_SCHEMAS "
    "TICKFIRE_SUPERVISOR OMP_NUM_THREADS OPENBLAS_NUM_THREADS"
).split()
"""Variables that commands do not get from the tests, so that they run as a user's do."""


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [*TICKFIRE, *args], capture_output=True, text=True, timeout=110, env={**base, **env}
    )


def assert_one_sentence(
    result: subprocess.CompletedProcess[str], words: str, exit_code: int = 1
) -> None:
    said = [line for line in result.stderr.splitlines() if line.startswith("tickfire: ")]
    assert len(said) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert words in said[0]
    assert result.returncode == exit_code
