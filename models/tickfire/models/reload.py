"""Hot reload of models: follow an artifact's files, and keep the old model if the new is bad."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from tickfire.models.artifact import ArtifactError

type Stamp = tuple[tuple[int, int, int], ...]
"""Inode, size and modification time of both files; empty if one is missing."""

logger = logging.getLogger(__name__)


class Reloader[Model]:
    """The model of an artifact, read again when its files change.

    Parameters
    ----------
    path : Path
        Path of the manifest.
    read : callable
        Function that returns the model of a path, or raises `ArtifactError`.

    Attributes
    ----------
    model
        The last model that was valid.
    swaps, refusals : int
        Number of artifacts that were taken, and refused, since the first.

    Raises
    ------
    ArtifactError
        The first artifact is not valid.
    """

    def __init__(self, path: Path, read: Callable[[Path], Model]) -> None:
        self.path = path
        self.swaps = self.refusals = 0
        self._read = read
        self._seen = self._taken = self._stamp()
        self.model = read(path)

    def poll(self, *, now: bool = False) -> bool:
        """Check whether the files have changed; return whether a new model was taken.

        A change counts once the files are the same at two polls in a row, so that a file is never
        read half written; with ``now`` it counts at once. An artifact that is refused is logged
        once, and not read again until it changes.
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
            logger.warning("%s The previous model stays in use.", error)
            return False
        self.swaps += 1
        logger.info("reloaded %s", self.path.name)
        return True

    def _stamp(self) -> Stamp:
        try:
            found = [path.stat() for path in (self.path, self.path.with_suffix(".npz"))]
        except OSError:
            return ()
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
