"""The folder that the browser's Python is served from.

``<out>/current.json`` says which folder below it is the present one. That folder is named by the
digest of all that is in it, so whatever lies there may be cached for ever.
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
"""What gains by gzip; an archive does not."""
GZIP_LEVEL: Final = 6


class MissingCoreError(Exception):
    """The npm package is not there."""


def check_core(core: Path) -> None:
    """Raise `MissingCoreError` if what is used of the npm package is not in its folder."""
    for name in (*CORE_FILES, LOCK_NAME):
        if not (core / name).is_file():
            raise MissingCoreError(f"there is no {core / name}; run make setup")


class Distribution:
    """Pyodide's core and our files.

    Parameters
    ----------
    core : Path
        The folder of the npm package.
    own : sequence of Path
        Wheel and lock.

    """

    def __init__(self, core: Path, own: Sequence[Path]) -> None:
        self.files = [*(core / name for name in CORE_FILES), *own]
        whole = hashlib.sha256()
        for path, digest in self.digests(self.files):
            whole.update(f"{path.name} {digest}\n".encode())
        self.name = whole.hexdigest()[:DIGEST_CHARACTERS]

    def digests(self, paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
        """Return the SHA-256 of files."""
        for path in paths:
            yield path, hashlib.sha256(path.read_bytes()).hexdigest()

    def write(self, out: Path) -> Path:
        """Write the folder, and remove those of other digests; return it."""
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
        """Point to the folder: what workers read first."""
        pointer: dict[str, Any] = {"folder": self.name, "snapshot": snapshot}
        (out / POINTER).write_text(json.dumps(pointer) + "\n")
