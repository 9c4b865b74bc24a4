"""`Commits`: which batches of one table and source are written.

A batch becomes several files, one for each day and symbol. Its **intent**, which lists them, is
written first; then the files; then the **commit**, which makes the batch count; then the intent is
removed. After a crash, an intent without a commit tells which files to remove, and the newest
commit from which entry to read on. So each entry is recorded exactly once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tickfire.archive.names import (
    COMMITS,
    DataName,
    Id,
    Source,
    commits_folder,
    id_text,
    parse_data_name,
    parse_id,
)
from tickfire.archive.target import Target
from tickfire.base.calendar.bounds import DAY_NS

INTENT: Final = ".intent"
COMMIT: Final = ".json"
VERSION: Final = 1


class Commit(msgspec.Struct, frozen=True, tag=False):
    """A batch that is written, as JSON.

    Attributes
    ----------
    first, last : pair of int
        Ids of its first and last entry; of ticks, positions.
    rows : int
    files : tuple of str
        The files of data, from the root of the archive.
    written : int
        Time in ns since the Unix epoch.
    entries : int
        Number of entries that the stream had had in all when the last of these was added.
    missing : tuple of pairs of int
        Ranges of positions (ticks), or of numbers of entries (other tables), that Redis had
        trimmed or lost before they could be read; both ends are inclusive.
    bad : int
        Entries of the batch that could not be decoded.
    repeated : int
        Rows of the batch that were left out, since they had been written before.
    hashes : tuple of str
        Hashes by which the newest rows are known, if they may come again in other entries.
    """

    first: Id
    last: Id
    rows: int
    files: tuple[str, ...]
    written: int
    entries: int = 0
    missing: tuple[tuple[int, int], ...] = ()
    bad: int = 0
    repeated: int = 0
    hashes: tuple[str, ...] = ()
    version: int = VERSION


class RecordedElsewhere(Exception):
    """Raised when another recorder has written a part of a batch."""


def recorded(target: Target) -> Iterator[tuple[str, Source]]:
    """Yield the tables of an archive, each with the sources that it has."""
    for table in target.names(COMMITS):
        for folder in target.names(f"{COMMITS}/{table}"):
            name, _, epoch = folder.partition("-")
            yield table, Source(name, epoch)


class Commits:
    """The commits of one table and source.

    Parameters
    ----------
    target : Target
    table : str
    source : Source

    Attributes
    ----------
    newest : Commit or None
        Known once `recover` has run.
    is_unsure : bool
        True if the last commit may have been written, although its writing failed; `recover` tells.
    """

    def __init__(self, target: Target, table: str, source: Source) -> None:
        self._target = target
        self._folder = commits_folder(table, source)
        self.newest: Commit | None = None
        self.is_unsure = False

    @property
    def last(self) -> Id:
        """Id of the last entry that is recorded."""
        return self.newest.last if self.newest else (0, 0)

    def recover(self) -> None:
        """Remove the files of batches that were not committed, and find the newest commit."""
        own = self._target.names(self._folder)
        done = {name.removesuffix(COMMIT) for name in own if name.endswith(COMMIT)}
        self._target.sweep(self._folder)
        for name in (name for name in own if name.endswith(INTENT)):
            if name.removesuffix(INTENT) not in done:
                self._undo(self.read(name))
            self._target.remove(f"{self._folder}/{name}")
        self.newest = self.read(max(done) + COMMIT) if done else None
        self.is_unsure = False

    def begin(self, commit: Commit) -> None:
        """Write the intent of a batch, before its files.

        Raises
        ------
        RecordedElsewhere
            Another process has committed entries of the batch since `recover`.
        OSError
            It cannot be written.
        """
        if self.end > self.last:
            raise RecordedElsewhere(f"{self._folder} is written by another process too")
        self._write(commit, INTENT)

    def finish(self, commit: Commit) -> None:
        """Write the commit of a batch, after its files.

        Raises
        ------
        OSError
            It is not known to be written, as where an object store's answer was lost.
        """
        self.is_unsure = True
        self._write(commit, COMMIT)
        self.newest, self.is_unsure = commit, False
        with contextlib.suppress(OSError):  # `recover` removes it then
            self._target.remove(self._name(commit, INTENT))

    def undo(self, commit: Commit) -> None:
        """Remove the files of a batch that could not be finished, and its intent.

        Raises
        ------
        OSError
            They cannot be removed; `recover` does it later.
        """
        self._undo(commit)
        self._target.remove(self._name(commit, INTENT))

    def expire(self, keep_days: float) -> int:
        """Remove what was written more than `keep_days` ago; return the number of its files.

        The newest commit stays, as it says from where to read on.
        """
        limit = time.time_ns() - int(keep_days * DAY_NS)
        names = self._names()
        removed = 0
        for name in names:
            commit = self.read(name)
            if commit.written >= limit:
                break
            for file in commit.files:
                if _last_of(file, commit) <= commit.last:  # else a later commit has rows in it too
                    self._target.remove(file)
                    removed += 1
            if name != names[-1]:
                self._target.remove(f"{self._folder}/{name}")
            elif commit.files:
                emptied = msgspec.structs.replace(commit, files=())
                self._write(emptied, COMMIT)
                self.newest = emptied
        return removed

    def rename(self, files: Mapping[str, str]) -> None:
        """Make the commits name other files, which have the rows of those that they name.

        Parameters
        ----------
        files : mapping of str to str
            Paths of files, each with that of the file in its place.

        Raises
        ------
        OSError
            One cannot be written; those before it are.
        """
        abouts = [about for path in files if (about := _parse(path)) is not None]
        low, high = min(one.first for one in abouts), max(one.last for one in abouts)
        for name in self._names():
            if not low <= parse_id(name.removesuffix(COMMIT)) <= high:
                continue
            commit = self.read(name)
            renamed = tuple(dict.fromkeys(files.get(file, file) for file in commit.files))
            if renamed != commit.files:
                self._write(msgspec.structs.replace(commit, files=renamed), COMMIT)

    def all(self) -> list[Commit]:
        """Return all commits, oldest first."""
        return [self.read(name) for name in self._names()]

    def after(self, last: Id) -> Iterator[Commit]:
        """Yield the commits of entries after an id, oldest first."""
        for name in self._names():
            if parse_id(name.removesuffix(COMMIT)) > last:
                yield self.read(name)

    def latest(self, count: int) -> list[Commit]:
        """Return the newest commits, oldest first."""
        return [self.read(name) for name in self._names()[-count:]]

    @property
    def first(self) -> Commit | None:
        """The oldest commit, None if there is none."""
        names = self._names()
        return self.read(names[0]) if names else None

    @property
    def end(self) -> Id:
        """Id of the last entry of the newest commit, which another process may have written."""
        names = self._names()
        return parse_id(names[-1].removesuffix(COMMIT)) if names else (0, 0)

    def _names(self) -> list[str]:
        """Return the names of the files of commits, oldest first."""
        return [name for name in self._target.names(self._folder) if name.endswith(COMMIT)]

    def _undo(self, intent: Commit) -> None:
        for file in intent.files:
            self._target.sweep(file.rpartition("/")[0])
            self._target.remove(file)

    def read(self, name: str) -> Commit:
        """Return the commit or intent in a file of the folder of the commits."""
        return msgspec.json.decode(self._target.read(f"{self._folder}/{name}"), type=Commit)

    def _write(self, commit: Commit, suffix: str) -> None:
        self._target.write(self._name(commit, suffix), msgspec.json.encode(commit))

    def _name(self, commit: Commit, suffix: str) -> str:
        return f"{self._folder}/{id_text(commit.last)}{suffix}"


def _parse(path: str) -> DataName | None:
    return parse_data_name(path.rpartition("/")[2])


def _last_of(path: str, commit: Commit) -> Id:
    """Return the last id of a file that a commit names."""
    about = _parse(path)
    return commit.last if about is None else about.last
