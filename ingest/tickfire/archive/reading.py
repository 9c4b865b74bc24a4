"""`ArchiveReader`: rows of an archive by symbol and time or position, by DuckDB. Blocking.

Only the files of the symbol and the days asked for are opened. Their names tell which entries they
hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tickfire.archive.commits import Commits
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.names import (
    COMMITS,
    DAY,
    DataName,
    Id,
    Source,
    day_of,
    parse_data_name,
    source_of,
    symbol_folder,
    symbol_of,
)
from tickfire.archive.partition import instruments_in
from tickfire.archive.tables import BARS, NO_SYMBOL, TABLE, TICKS
from tickfire.archive.target import Target
from tickfire.archive.views import connect
from tickfire.store.schema import BAR, BAR_REWIND, TICK, Instrument, Rows, Stream

REWIND_DAYS: Final = 7
"""Days before a range of bars in which a rewind is looked for that voids some of them."""
NS_PER_DAY: Final = 86_400_000_000_000
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


class ArchiveReader:
    """Reader of an archive.

    Parameters
    ----------
    target : Target
    threads : int, optional
        Number of threads of DuckDB; by default as many as there are cores.
    memory_mib : int, optional
        Memory that DuckDB may take; by default most of the machine's.

    Attributes
    ----------
    log : EpochLog
    """

    def __init__(
        self, target: Target, threads: int | None = None, memory_mib: int | None = None
    ) -> None:
        self.log = EpochLog(target)
        self._target = target
        self._connection = connect(target)
        if threads is not None:
            self._connection.execute(f"SET threads = {threads:d}")
        if memory_mib is not None:
            self._connection.execute(f"SET memory_limit = '{memory_mib:d}MiB'")
        self._began: dict[Source, int] = {}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    # --- files
    def days(self, table: str) -> list[str]:
        """Return the days of a table, oldest first."""
        folders = self._target.names(table)
        return [name.removeprefix(DAY) for name in folders if name.startswith(DAY)]

    def files(
        self, table: str, symbol: str, first_day: str = FIRST_DAY, last_day: str = LAST_DAY
    ) -> list[DataFile]:
        """Return the files of a symbol, by day; each day is in UTC, and both ends are inclusive."""
        found = []
        for day in self.days(table):
            if first_day <= day <= last_day:
                folder = f"{table}/{DAY}{day}/{symbol_folder(symbol)}"
                for name in self._target.names(folder):
                    about = parse_data_name(name)
                    if about is not None:
                        found.append(DataFile(day, f"{folder}/{name}", about))
        return found

    def epochs(self, files: Iterable[DataFile]) -> list[Source]:
        """Return the sources of files, in the order in which they began to be recorded."""
        table = {file.about.source: file.path.partition("/")[0] for file in files}
        return sorted(table, key=lambda source: self._begin_of(table[source], source))

    def _begin_of(self, table: str, source: Source) -> int:
        if source not in self._began:
            first = Commits(self._target, table, source).first
            self._began[source] = first.written if first is not None else 0
        return self._began[source]

    def sources(self, table: str) -> list[Source]:
        """Return the sources of a table, in the order in which they began to be recorded."""
        pairs = (name.partition("-") for name in self._target.names(f"{COMMITS}/{table}"))
        found = [Source(name, epoch) for name, _, epoch in pairs]
        return sorted(found, key=lambda source: self._begin_of(table, source))

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

    def last(self, table: str, source: Source) -> Id:
        """Return the id up to which a source is recorded; of ticks, a position."""
        return Commits(self._target, table, source).end

    # --- rows
    def bars(
        self, feed: int, symbol: str, intervals_s: Sequence[int], begin: int, end: int
    ) -> list[Rows]:
        """Return the pieces of bars of a symbol that start in a range of time.

        Parameters
        ----------
        feed : int
        symbol : str
            As the feed has it.
        intervals_s : sequence of int
            In seconds.
        begin, end : int
            In ns since the Unix epoch; `end` is exclusive.

        Returns
        -------
        list of BAR[n]
            One for each epoch, the oldest first, in the order of the stream. Rewinds that precede
            the range are among them.
        """
        early = begin - REWIND_DAYS * NS_PER_DAY
        files = self.files(BARS, symbol, _day(early), _day(end))
        found = []
        for epoch in _epochs_in(self.epochs(files)):
            own = [f for f in files if f.about.source.epoch == epoch]
            sql = (
                f"SELECT {', '.join(_names(BAR))} FROM {self._parquet(own)}"
                f" WHERE feed = {feed} AND interval_s IN ({', '.join(map(str, intervals_s))})"
                f" AND start < {end} AND (start >= {begin} OR flags & {BAR_REWIND} <> 0)"
                " ORDER BY entry, entry_index, filename, file_row_number"
            )
            rows = self._structured(sql, BAR) if own else np.zeros(0, BAR)
            if len(rows):
                found.append(rows)
        return found

    def ticks(
        self,
        files: Sequence[DataFile],
        source: Source,
        after: int,
        begin: int,
        end: int,
        limit: int,
        kind: int | None = None,
    ) -> tuple[Rows, np.ndarray[Any, Any]]:
        """Return ticks of one source, in the order of positions, and their positions.

        Parameters
        ----------
        files : sequence of DataFile
            Those of a symbol.
        source : Source
        after : int
            Position.
        begin, end : int
            Range of ts_event, in ns since the Unix epoch; `end` is exclusive.
        limit : int
        kind : int, optional
            One of ``TICK_*``; by default all kinds.
        """
        own = [f for f in files if f.about.source == source and f.about.last[0] > after]
        if not own:
            return np.zeros(0, TICK), np.zeros(0, np.uint64)
        sql = (
            f"SELECT {', '.join(_names(TICK))}, position FROM {self._parquet(own)}"
            f" WHERE position > {after} AND ts_event >= {begin} AND ts_event < {end}"
            f"{'' if kind is None else f' AND kind = {kind}'} ORDER BY position LIMIT {limit}"
        )
        return self._with_positions(sql)

    def all_ticks_of(
        self, stream: Stream, epoch: bytes, after: int, limit: int
    ) -> tuple[Rows, Any, Any]:
        """Return ticks of all symbols of a stream in an epoch; see `all_ticks`."""
        return self.all_ticks(source_of(stream, epoch), after, limit)

    def all_ticks(self, source: Source, after: int, limit: int) -> tuple[Rows, Any, Any]:
        """Return ticks of all symbols of a source after a position, without holes.

        Returns
        -------
        ticks : TICK[n]
        positions : uint64[n]
        stamps : int64[n, 3]
            When they were received, parsed and written, in ns.
        """
        chosen = self._files_after(source, after, limit)
        if not chosen:
            return np.zeros(0, TICK), np.zeros(0, np.uint64), np.zeros((0, 3), np.int64)
        stamps = ("received", "parsed", "written")
        sql = (
            f"SELECT {', '.join((*_names(TICK), *stamps))}, position FROM {self._read(chosen)}"
            f" WHERE position > {after} ORDER BY position LIMIT {limit}"
        )
        table = self._table(sql)
        times = np.stack([table[name].to_numpy() for name in stamps], axis=1)
        return _rows(table, TICK), table["position"].to_numpy(), times

    def named_ticks(
        self, stream: Stream, epoch: bytes, after: int, limit: int, known: set[str]
    ) -> tuple[tuple[Rows, Any, Any], list[Instrument]]:
        """Return ticks of a stream in an epoch, and their instruments as their files name them.

        Parameters
        ----------
        stream : Stream
        epoch : bytes
        after, limit : int
            Those of `all_ticks`.
        known : set of str
            Files whose instruments are passed over; those that are read are added.

        Returns
        -------
        ticks : tuple
            The result of `all_ticks`.
        instruments : list of Instrument
            A row of the instrument table that was ended later comes in both forms, in their order.
        """
        source = source_of(stream, epoch)
        new = [path for path in self._files_after(source, after, limit) if path not in known]
        ticks = self.all_ticks(source, after, limit)
        if not new:
            return ticks, []
        listed = ", ".join(_quoted(self._target.address(path)) for path in new)
        sql = f"SELECT key, value FROM parquet_kv_metadata([{listed}])"
        footers = self._connection.cursor().sql(sql).fetchall()
        known.update(new)
        return ticks, [row for key, value in footers for row in instruments_in({key: value})]

    def _files_after(self, source: Source, after: int, limit: int) -> list[str]:
        """Return the files that have the ticks of a source after a position."""
        chosen: list[str] = []
        for commit in Commits(self._target, TICKS, source).after((after, 0)):
            chosen += commit.files
            if commit.last[0] - after >= limit:
                break
        return chosen

    def records(
        self, table: str, symbol: str | None, before: Id, begin: int, end: int, limit: int
    ) -> pa.Table:
        """Return rows of a table that all feeds share, the newest first.

        Parameters
        ----------
        table : str
        symbol : str or None
            None for all.
        before : pair of int
            Id of an entry, exclusive.
        begin, end : int
            Range of time, in ns since the Unix epoch; `end` is exclusive.
        limit : int
        """
        about = TABLE[table]
        days = self.days(table)
        symbols = [NO_SYMBOL] if "symbol" not in about.schema.names else [symbol]
        if symbols == [None]:
            symbols = self._symbols(table, [d for d in days if _day(begin) <= d <= _day(end)])
        files = [
            file
            for each in symbols
            for file in self.files(table, str(each), _day(begin), _day(end))
            if file.about.first < before
        ]
        if not files:
            return about.schema.empty_table()
        where = f'"{about.time}" >= {begin} AND "{about.time}" < {end}'
        if symbol is not None and "symbols" in about.schema.names:
            where += f" AND list_contains(symbols, {_quoted(symbol)})"
        names = ", ".join(f'"{name}"' for name in about.schema.names)
        sql = (
            f"SELECT {names} FROM {self._parquet(files)} WHERE {where}"
            f" AND (entry, entry_index) < ({before[0]}, {before[1]})"
            f" ORDER BY entry DESC, entry_index DESC LIMIT {limit}"
        )
        return self._table(sql)

    def _symbols(self, table: str, days: Iterable[str]) -> list[str | None]:
        folders = {name for day in days for name in self._target.names(f"{table}/{DAY}{day}")}
        return [symbol_of(name) for name in sorted(folders)]

    def _table(self, sql: str) -> Any:
        return self._connection.cursor().sql(sql).to_arrow_table()

    def _with_positions(self, sql: str) -> tuple[Rows, np.ndarray[Any, Any]]:
        table = self._table(sql)
        return _rows(table, TICK), table["position"].to_numpy()

    def _structured(self, sql: str, dtype: np.dtype[np.void]) -> Rows:
        return _rows(self._table(sql), dtype)

    def _parquet(self, files: Sequence[DataFile]) -> str:
        return self._read([file.path for file in files])

    def _read(self, paths: Sequence[str]) -> str:
        listed = ", ".join(_quoted(self._target.address(path)) for path in paths)
        return (
            f"read_parquet([{listed}], hive_partitioning = false, filename = true,"
            " file_row_number = true)"
        )


def _epochs_in(sources: Iterable[Source]) -> list[str]:
    return list(dict.fromkeys(source.epoch for source in sources))


def _names(dtype: np.dtype[np.void]) -> list[str]:
    return [name for name in dtype.names or () if name != "reserved"]


def _rows(table: Any, dtype: np.dtype[np.void]) -> Rows:
    rows = np.zeros(len(table), dtype)
    for name in _names(dtype):
        rows[name] = table[name].to_numpy()
    return rows


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _day(ns: int) -> str:
    return day_of(min(max(ns, 0), 2**62))
