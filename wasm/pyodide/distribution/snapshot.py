"""Memory snapshot of a started Python, which makes workers start faster."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

__all__ = ["SnapshotError", "found_snapshot", "make_snapshot"]

SCRIPT: Final = Path(__file__).with_name("snapshot.mjs")
TIMEOUT_S: Final = 120
RECIPE: Final = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:6]
NAME: Final = f"snapshot-{RECIPE}-%s.bin.gz"
DIGEST_CHARACTERS: Final = 12
GZIP_LEVEL: Final = 6


class SnapshotError(Exception):
    """node could not make a snapshot."""


def found_snapshot(folder: Path) -> str | None:
    """Return the name of a snapshot in a folder made by the current script, or None."""
    return next((path.name for path in sorted(folder.glob(NAME % "*"))), None)


def make_snapshot(folder: Path, wheel: str) -> str:
    """Start Python from a folder, save its memory there, compressed; return the file's name.

    Raises
    ------
    SnapshotError
        If node fails or takes too long; the message is its error output.
    """
    with TemporaryDirectory() as work:
        raw = Path(work) / "snapshot.bin"
        command = ["node", str(SCRIPT), str(folder), wheel, str(raw)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.CalledProcessError as error:
            raise SnapshotError(error.stderr.strip().rstrip(".") or "node failed") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SnapshotError(str(error).rstrip(".")) from error
        data = gzip.compress(raw.read_bytes(), GZIP_LEVEL, mtime=0)
    name = NAME % hashlib.sha256(data).hexdigest()[:DIGEST_CHARACTERS]
    (folder / name).write_bytes(data)
    return name
