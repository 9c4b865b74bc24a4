"""Builds of the client, made anew if a source is newer, by one test process at a time."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import Final

from tests.support.paths import CLIENT, STATIC

LOCK: Final = CLIENT / "node_modules" / ".build-lock"


def built_page() -> Path:
    """Return the folder of the built page."""
    return _built("build:page", STATIC / "index.html").parent


def built_package() -> Path:
    """Return the folder of the built npm package."""
    return _built("build:package", CLIENT / "dist" / "tickfire.js").parent


def _built(script: str, output: Path) -> Path:
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists() or output.stat().st_mtime < _newest_source():
            subprocess.run(["npm", "run", "--silent", script], cwd=CLIENT, check=True)
    return output


def _newest_source() -> float:
    sources = [
        *CLIENT.glob("*.*"),
        *CLIENT.glob("src/**/*.*"),
        *CLIENT.glob("shaders/*"),
    ]
    return max(path.stat().st_mtime for path in sources)
