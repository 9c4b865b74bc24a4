"""`ArchiveFiles`: the files of an archive, as their names tell what they hold. Blocking."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tickfire.archive.commits import Commits
from tickfire.archive.names import (
    COMMITS,
    DAY,
    DataName,
    Id,
    Source,
    held_files,
    parse_data_name,
    symbol_folder,
    symbol_of,
)
from tickfire.archive.partition import instruments_in
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.store.schema import Instrument

FIRST_DAY: Final = "0000-00-00"
LAST_DAY: Final = "9999-99-99"


class DataFile(NamedTuple):
    """A file of data.

    Attributes
    ----------
    day : str
    path : str
        From the root of the archive.
    about : DataName
    """

    day: str
    path: str
    about: DataName


class ArchiveFiles:
    """The files of an archive, without those that were merged into others.

    Parameters
    ----------
    target : Target
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._began: dict[Source, int] = {}

    # --- data
    def days(self, table: str) -> list[str]:
        """Return the days of a table, oldest first."""
        folders = self._target.names(table)
        return [name.removeprefix(DAY) for name in folders if name.startswith(DAY)]

    def files_of_day(self, table: str, symbol: str, day: str) -> list[DataFile]:
        """Return the files of a symbol of one day (UTC)."""
        folder = f"{table}/{DAY}{day}/{symbol_folder(symbol)}"
        names = self._target.names(folder)
        held = held_files(names)
        return [
            DataFile(day, f"{folder}/{name}", about)
            for name in names
            if name not in held and (about := parse_data_name(name)) is not None
        ]

    def files(
        self, table: str, symbol: str, first_day: str = FIRST_DAY, last_day: str = LAST_DAY
    ) -> list[DataFile]:
        """Return the files of a symbol, by day; each day is in UTC, and both ends are inclusive."""
        days = [day for day in self.days(table) if first_day <= day <= last_day]
        return [file for day in days for file in self.files_of_day(table, symbol, day)]

    def symbols(self, table: str, days: Iterable[str]) -> list[str]:
        """Return the symbols of a table on some days, sorted."""
        folders = {name for day in days for name in self._target.names(f"{table}/{DAY}{day}")}
        return [symbol_of(name) for name in sorted(folders)]

    # --- sources
    def epochs(self, files: Iterable[DataFile]) -> list[Source]:
        """Return the sources of files, in the order in which they began to be recorded."""
        table = {file.about.source: file.path.partition("/")[0] for file in files}
        return sorted(table, key=lambda source: self._begin_of(table[source], source))

    def sources(self, table: str) -> list[Source]:
        """Return the sources of a table, in the order in which they began to be recorded."""
        pairs = (name.partition("-") for name in self._target.names(f"{COMMITS}/{table}"))
        found = [Source(name, epoch) for name, _, epoch in pairs]
        return sorted(found, key=lambda source: self._begin_of(table, source))

    def last(self, table: str, source: Source) -> Id:
        """Return the id up to which a source is recorded; of ticks, a position."""
        return Commits(self._target, table, source).end

    def files_after(
        self, table: str, source: Source, after: int, count: int
    ) -> tuple[list[str], int]:
        """Return the files of the next ids of a source, and the id up to which they have all.

        Parameters
        ----------
        table : str
        source : Source
        after : int
            The first number of an id; of ticks, a position.
        count : int
            Ids that the files are to have at least, unless there are fewer.
        """
        chosen: dict[str, None] = {}
        last = after
        for commit in Commits(self._target, table, source).after((after, 0)):
            chosen |= dict.fromkeys(commit.files)
            last = commit.last[0]
            if last - after >= count:
                break
        return current(chosen), last

    def _begin_of(self, table: str, source: Source) -> int:
        if source not in self._began:
            first = Commits(self._target, table, source).first
            self._began[source] = first.written if first is not None else 0
        return self._began[source]

    def instruments(self) -> list[Instrument]:
        """Return the instruments of all ticks, as the files name them."""
        found: dict[Instrument, None] = {}
        for day in self.days(TICKS):
            for folder in self._target.names(f"{TICKS}/{DAY}{day}"):
                names = self._target.names(f"{TICKS}/{DAY}{day}/{folder}")
                if names:
                    data = self._target.read(f"{TICKS}/{DAY}{day}/{folder}/{names[-1]}")
                    footer = pq.read_schema(pa.BufferReader(data)).metadata
                    found.update(dict.fromkeys(instruments_in(footer)))
        return list(found)


class SymbolFiles:
    """The files of one table and symbol, each day of which is listed once.

    Parameters
    ----------
    files : ArchiveFiles
    table, symbol : str
    """

    def __init__(self, files: ArchiveFiles, table: str, symbol: str) -> None:
        self._files = files
        self._table, self._symbol = table, symbol
        self._days = files.days(table)
        self._known: dict[str, list[DataFile]] = {}

    def newest_first(self, last_day: str = LAST_DAY) -> Iterator[tuple[str, int]]:
        """Yield the days up to one, the newest first, each with the number of its files."""
        for day in reversed(self._days):
            if day <= last_day:
                yield day, len(self._of(day))

    def between(self, first_day: str, last_day: str) -> list[DataFile]:
        """Return the files of some days, oldest first; both ends are inclusive."""
        days = [day for day in self._days if first_day <= day <= last_day]
        return [file for day in days for file in self._of(day)]

    def _of(self, day: str) -> list[DataFile]:
        if day not in self._known:
            self._known[day] = self._files.files_of_day(self._table, self._symbol, day)
        return self._known[day]


def current(paths: Iterable[str]) -> list[str]:
    """Return the files of data among some, without those that were merged into others of them."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, name = posixpath.split(path)
        folders.setdefault(folder, []).append(name)
    found = []
    for folder, names in folders.items():
        held = held_files(names)
        kept = (name for name in names if name not in held and parse_data_name(name) is not None)
        found += [f"{folder}/{name}" for name in kept]
    return found
