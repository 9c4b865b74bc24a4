"""`Upkeep`: which days of an archive are to be merged, and when. Blocking."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from tickfire.archive.commits import Commit
from tickfire.archive.compact import compact_day
from tickfire.archive.files import ArchiveFiles
from tickfire.archive.names import DAY, day_of
from tickfire.archive.target import Target

LONG_AGO: Final = float("-inf")


class Upkeep:
    """The days that may have small files.

    Parameters
    ----------
    target : Target
    quiet_s : float
        Time in seconds without new rows after which a past day is merged.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self, target: Target, quiet_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self._quiet_s = quiet_s
        self._clock = clock
        self._touched: dict[tuple[str, str], float] = {}

    def find(self, tables: Sequence[str]) -> None:
        """Take note of all days that the archive has."""
        files = ArchiveFiles(self._target)
        for table in tables:
            for day in files.days(table):
                self._touched.setdefault((table, day), LONG_AGO)

    def note(self, commit: Commit) -> None:
        """Take note of the days of new files."""
        now = self._clock()
        for path in commit.files:
            table, day, *_ = path.split("/")
            self._touched[table, day.removeprefix(DAY)] = now

    def compact(
        self, should_stop: Callable[[], bool], on_merged: Callable[[str, int], None]
    ) -> None:
        """Merge the days that are over and quiet.

        Parameters
        ----------
        should_stop : callable
            Asked between two steps.
        on_merged : callable
            Called with a table, and how many of its files were merged into others.

        Raises
        ------
        OSError
            The target cannot be read or written; the next call goes on.
        """
        today = day_of(time.time_ns())
        before = self._clock() - self._quiet_s
        for key, touched in sorted(self._touched.items()):
            table, day = key
            if day >= today or touched > before:
                continue
            on_merged(table, compact_day(self._target, table, day, should_stop))
            if should_stop():
                return
            if self._touched[key] == touched:
                del self._touched[key]
