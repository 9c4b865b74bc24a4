"""Hot reload: a model follows its file, and never gets worse by a bad one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from tickfire.models.artifact import ArtifactError

type Stamp = tuple[tuple[int, int, int], ...]
"""Inode, size and time of change of both files; empty where one is missing."""

logger = logging.getLogger(__name__)


class Reloader[Model]:
    """A model, and the artifact that it follows.

    Parameters
    ----------
    path : Path
        The manifest.
    read : callable
        Makes a model of that path, or raises `ArtifactError`.

    Attributes
    ----------
    model
        The one that was read last and was valid.
    swaps, refusals : int
        How often a new file was taken, and refused.

    Raises
    ------
    ArtifactError
        The first file is not valid: there is nothing to begin with.
    """

    def __init__(self, path: Path, read: Callable[[Path], Model]) -> None:
        self.path = path
        self.swaps = self.refusals = 0
        self._read = read
        self._seen = self._taken = self._stamp()
        self.model = read(path)

    def poll(self, *, now: bool = False) -> bool:
        """Look whether the files have changed; return whether a new model was taken.

        A change counts once the files have stood still between two polls, so that nobody is
        read half written; `now` does not wait for that. What is refused is logged once and not
        looked at again until it changes.
        """
        stamp = self._stamp()
        settled, self._seen = stamp == self._seen, stamp
        if stamp == self._taken or not (settled or now):
            return False
        self._taken = stamp
        try:
            self.model = self._read(self.path)
        except ArtifactError as error:
            self.refusals += 1
            logger.warning("%s The one before stays.", error)
            return False
        self.swaps += 1
        logger.info("%s was read anew", self.path.name)
        return True

    def _stamp(self) -> Stamp:
        try:
            found = [path.stat() for path in (self.path, self.path.with_suffix(".npz"))]
        except OSError:
            return ()
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
