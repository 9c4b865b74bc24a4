"""Folder that serves Python to browsers.

``<out>/current.json`` names the current subfolder. Its name is a digest of its files, so they may
be cached for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pyodide.distribution.lock import LOCK_NAME

__all__ = ["Distribution", "MissingCoreError", "check_core"]

CORE_FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
POINTER: Final = "current.json"
DIGEST_CHARACTERS: Final = 12

COMPRESSED: Final = frozenset({".mjs", ".wasm", ".json"})
"""Suffixes of files to compress; an archive would not shrink."""
GZIP_LEVEL: Final = 6


class MissingCoreError(Exception):
    """A file of the npm package is missing."""


def check_core(core: Path) -> None:
    """Raise `MissingCoreError` if a needed file of the npm package is missing."""
    for name in (*CORE_FILES, LOCK_NAME):
        if not (core / name).is_file():
            raise MissingCoreError(f"there is no {core / name}; run make setup")


class Distribution:
    """Files of Pyodide's core and our own.

    Parameters
    ----------
    core : Path
        Folder of the npm package.
    own : sequence of Path
        Wheel and lock file.
    """

    def __init__(self, core: Path, own: Sequence[Path]) -> None:
        self.files = [*(core / name for name in CORE_FILES), *own]
        whole = hashlib.sha256()
        for path, digest in self.digests(self.files):
            whole.update(f"{path.name} {digest}\n".encode())
        self.name = whole.hexdigest()[:DIGEST_CHARACTERS]

    def digests(self, paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
        """Yield files with their SHA-256 in hexadecimal."""
        for path in paths:
            yield path, hashlib.sha256(path.read_bytes()).hexdigest()

    def write(self, out: Path) -> Path:
        """Write the folder, remove those of other digests, and return its path."""
        folder = out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for old in out.iterdir():
            if old.is_dir() and old != folder:
                shutil.rmtree(old)
        for path in self.files:
            data = path.read_bytes()
            (folder / path.name).write_bytes(data)
            if path.suffix in COMPRESSED:
                squeezed = gzip.compress(data, GZIP_LEVEL, mtime=0)
                (folder / f"{path.name}.gz").write_bytes(squeezed)
        return folder

    def publish(self, out: Path, snapshot: str | None) -> None:
        """Write ``current.json``, which workers read first, for this folder and snapshot."""
        pointer: dict[str, Any] = {"folder": self.name, "snapshot": snapshot}
        (out / POINTER).write_text(json.dumps(pointer) + "\n")
