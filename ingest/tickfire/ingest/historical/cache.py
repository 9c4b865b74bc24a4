"""`HistoryCache`: slices of history on disk, so that none is paid for twice.

A slice is a DBN file beside a JSON file that tells the request and the checksum. It appears whole
or not at all: it is downloaded under another name, read to its end, and renamed. A file whose
checksum has changed is removed and counts as missing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.historical.request import HistoryRequest, time_text

VERSION: Final = 1

logger = logging.getLogger(__name__)


class Label(msgspec.Struct, frozen=True):
    """The JSON beside a file of the cache."""

    version: int
    dataset: str
    schema: str
    symbols: tuple[str, ...]
    stype_in: str
    start: int
    end: int
    size: int
    sha256: str


class HistoryCache:
    """A folder of slices.

    Parameters
    ----------
    folder : Path, optional
        By default ``tickfire/history`` in the user's folder of caches.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"the cache {self.folder} cannot be written: {error.strerror}; choose another with"
                " --cache."
            ) from None

    def find(self, request: HistoryRequest) -> Path | None:
        """Return the file of a slice, None if it is missing or was damaged."""
        path, label = self._path(request), self._label_path(request)
        try:
            known = msgspec.json.decode(label.read_bytes(), type=Label)
            if known == _label(request, path.stat().st_size, _checksum(path)):
                return path
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            pass
        logger.warning("the cached file %s is damaged, and is removed", path)
        path.unlink(missing_ok=True)
        label.unlink(missing_ok=True)
        return None

    def store(self, request: HistoryRequest, download: Callable[[Path], None]) -> Path:
        """Return the file of a slice that `download` writes to a path.

        Raises
        ------
        DbnError
            If what was downloaded cannot be read to its end.
        """
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            fresh = Path(folder) / path.name
            download(fresh)
            for _ in open_dbn(fresh).chunks():
                pass
            label = _label(request, fresh.stat().st_size, _checksum(fresh))
            beside = fresh.with_suffix(".json")
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(label)))
            _sync(fresh)
            fresh.replace(path)
            beside.replace(self._label_path(request))
        return path

    def _path(self, request: HistoryRequest) -> Path:
        asked = "\n".join((request.stype_in, *sorted(request.symbols)))
        symbols = hashlib.sha256(asked.encode()).hexdigest()[:16]
        name = f"{_compact(request.start)}-{_compact(request.end)}.dbn.zst"
        return self.folder / request.dataset / request.schema / symbols / name

    def _label_path(self, request: HistoryRequest) -> Path:
        return self._path(request).with_suffix(".json")


def default_folder() -> Path:
    """Return the user's own folder of cached history, by the XDG rules."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "tickfire" / "history"


def _label(request: HistoryRequest, size: int, sha256: str) -> Label:
    return Label(
        VERSION, request.dataset, request.schema, tuple(sorted(request.symbols)),
        request.stype_in, request.start, request.end, size, sha256,
    )  # fmt: skip


def _compact(ns: int) -> str:
    return time_text(ns).replace("-", "").replace(":", "")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
