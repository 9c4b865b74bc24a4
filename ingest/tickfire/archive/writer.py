"""`TableWriter`: batches of one table and source, written as files exactly once. Blocking."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from typing import Final

from tickfire.archive.commits import Commit, Commits
from tickfire.archive.names import Id, Source
from tickfire.archive.partition import parts_of
from tickfire.archive.repeated import without_repeated
from tickfire.archive.tables import Table
from tickfire.archive.target import Target
from tickfire.base.remembered import Remembered
from tickfire.store.entries import Entry
from tickfire.store.limits import MAX_SIGNALS
from tickfire.store.mappings import Mappings

MAX_RANGES: Final = 1000
"""Ranges of missing positions that one commit lists; more are joined to the last of them."""
MAX_KNOWN: Final = MAX_SIGNALS
"""Rows that are remembered, if they may come again: as many as Redis holds."""
RECALLED: Final = 32
"""Commits whose rows are remembered after a restart."""


class TableWriter:
    """Writer of one table and source.

    Parameters
    ----------
    target : Target
    table : Table
    source : Source

    Attributes
    ----------
    table : Table
    source : Source
    commits : Commits
    """

    def __init__(self, target: Target, table: Table, source: Source) -> None:
        self.table = table
        self.source = source
        self.commits = Commits(target, table.name, source)
        self._target = target
        self._known = Remembered(MAX_KNOWN)

    @property
    def last(self) -> Id:
        """Id of the last entry that is recorded; of ticks, the position."""
        return self.commits.last

    def recover(self) -> None:
        """Remove what a killed process left half done, and find where to go on."""
        self.commits.recover()
        if self.table.identity:
            self._remember(self.commits.latest(RECALLED))

    def write(
        self,
        entries: Sequence[Entry],
        mappings: Mappings,
        counted: int = 0,
        missing: Sequence[tuple[int, int]] = (),
    ) -> Commit | None:
        """Write entries that follow those written before; return the commit.

        Parameters
        ----------
        entries : sequence of Entry
            Those that are recorded already are left out.
        mappings : Mappings
            The instrument table.
        counted : int
            Number of entries that the stream had had when the last of these was added.
        missing : sequence of pairs of int
            Ranges of entries that were lost before these.

        Returns
        -------
        Commit or None
            None if there was nothing new.

        Raises
        ------
        OSError
            The files cannot be written. Either none of the batch counts, or all of it, as the next
            call with the same entries finds out.
        RecordedElsewhere
            Another process records the same.
        """
        if self.commits.is_unsure:
            before = self.last
            self.recover()
            if self.last > before:
                return self.commits.newest
        batch = self.table.decode(entries, self.last)
        if batch.last == self.last:
            return None
        batch, hashes = without_repeated(self.table, batch, self._known)
        parts = list(parts_of(self.table, batch, mappings))
        files = [part.name(self.table, self.source, batch) for part in parts]
        gaps = tuple([*missing, *batch.missing])
        if len(gaps) > MAX_RANGES:
            gaps = (*gaps[: MAX_RANGES - 1], (gaps[MAX_RANGES - 1][0], gaps[-1][1]))
        commit = Commit(
            batch.first, batch.last, len(batch.rows), tuple(files), time.time_ns(), counted, gaps,
            batch.bad, batch.repeated, hashes[-MAX_KNOWN:],
        )  # fmt: skip
        self.commits.begin(commit)
        try:
            for file, part in zip(files, parts, strict=True):
                self._target.write(file, part.encode(self.table, self.source, batch))
        except OSError:
            with contextlib.suppress(OSError):
                self.commits.undo(commit)
            raise
        self.commits.finish(commit)
        self._remember((commit,))
        return commit

    def _remember(self, commits: Iterable[Commit]) -> None:
        for commit in commits:
            for each in commit.hashes:
                self._known.add(each)
