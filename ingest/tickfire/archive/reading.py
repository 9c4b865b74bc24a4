"""`ArchiveReader`: rows of an archive by symbol and time or position, by DuckDB. Blocking.

Only the files of the symbol and the days asked for are opened. Their names tell which entries they
hold.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.files import ArchiveFiles, DataFile, SymbolFiles
from tickfire.archive.in_order import BEGIN, END, MAX_FILES, newest_first, oldest_first
from tickfire.archive.names import Id, Source, day_of, source_of
from tickfire.archive.partition import instruments_in
from tickfire.archive.tables import BARS, NO_SYMBOL, TABLE, TICKS
from tickfire.archive.target import Target
from tickfire.archive.views import connect, quoted, with_added
from tickfire.base.calendar.bounds import DAY_NS
from tickfire.store.schema import BAR, BAR_REWIND, TICK, Instrument, Rows, Stream

REWIND_DAYS: Final = 7
"""Days before a range of bars in which a rewind is looked for that voids some of them."""


class TickRange(NamedTuple):
    """Ticks of one source.

    Attributes
    ----------
    ticks : TICK[n]
    positions : uint64[n]
    reached : int or None
        The position after which to go on; None if the files have no more.
    """

    ticks: Rows
    positions: np.ndarray[Any, Any]
    reached: int | None


class EpochBars(NamedTuple):
    """Pieces of bars of one epoch, in the order of their streams.

    Attributes
    ----------
    rows : BAR[n]
    shards : uint8[n]
        The shard of each.
    """

    rows: Rows
    shards: np.ndarray[Any, Any]


class ArchiveReader(ArchiveFiles):
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
    deadline : float
        Time, by `time.monotonic`, after which no other query is begun.
    """

    def __init__(
        self, target: Target, threads: int | None = None, memory_mib: int | None = None
    ) -> None:
        super().__init__(target)
        self.log = EpochLog(target)
        self.deadline = math.inf
        self._connection = connect(target)
        self._running: duckdb.DuckDBPyConnection | None = None
        if threads is not None:
            self._connection.execute(f"SET threads = {threads:d}")
        if memory_mib is not None:
            self._connection.execute(f"SET memory_limit = '{memory_mib:d}MiB'")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def interrupt(self) -> None:
        """End the query that runs, if any, with an error, and begin no other; from any thread."""
        self.deadline = -math.inf
        if self._running is not None:
            self._running.interrupt()

    # --- rows
    def bar_files(self, symbol: str) -> SymbolFiles:
        """Return the files of the bars of a symbol, as the feed has it."""
        return SymbolFiles(self, BARS, symbol)

    def tick_files(self, symbol: str) -> SymbolFiles:
        """Return the files of the ticks of a symbol, as the feed has it."""
        return SymbolFiles(self, TICKS, symbol)

    def bars(
        self,
        own: SymbolFiles,
        feed: int,
        intervals_s: Sequence[int],
        begin: int,
        end: int,
        others: Iterable[DataFile] = (),
    ) -> dict[str, EpochBars]:
        """Return the pieces of bars of a symbol that start in a range of time.

        Parameters
        ----------
        own : SymbolFiles
            Those of the symbol's bars.
        feed : int
        intervals_s : sequence of int
            In seconds.
        begin, end : int
            In ns since the Unix epoch; `end` is exclusive.
        others : iterable of DataFile
            Files of other tables.

        Returns
        -------
        dict of str to EpochBars
            Those of each epoch (hex) that has any, or has one of the other files, the oldest first.
            Rewinds that precede the range are among them.
        """
        early = begin - REWIND_DAYS * DAY_NS
        files = _of_range(own.between(day_of(early), day_of(end)), day_of(begin))
        found = {}
        for epoch in _epochs_in(self.epochs([*files, *others])):
            of_epoch = [f for f in files if f.about.source.epoch == epoch]
            sql = (
                f"SELECT {', '.join(_names(BAR))}, shard FROM {self._parquet(of_epoch)}"
                f" WHERE feed = {feed} AND interval_s IN ({', '.join(map(str, intervals_s))})"
                f" AND start < {end} AND (start >= {begin} OR flags & {BAR_REWIND} <> 0)"
                " ORDER BY entry, entry_index, filename, file_row_number"
            )
            table = self._table(sql) if of_epoch else TABLE[BARS].schema.empty_table()
            found[epoch] = EpochBars(_rows(table, BAR), table["shard"].to_numpy())
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
    ) -> TickRange:
        """Return ticks of one source, in the order of positions.

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
        own = [file for file in files if file.about.source == source]
        parts, places = [np.zeros(0, TICK)], [np.zeros(0, np.uint64)]
        left, reached = limit, after
        for step in oldest_first(own, (after + 1, 0)):
            sql = (
                f"SELECT {', '.join(_names(TICK))}, position FROM {self._parquet(step.files)}"
                f" WHERE position >= {step.low[0]} AND position < {step.high[0]}"
                f" AND ts_event >= {begin} AND ts_event < {end}"
                f"{'' if kind is None else f' AND kind = {kind}'} ORDER BY position LIMIT {left}"
            )
            table = self._table(sql)
            parts.append(_rows(table, TICK))
            places.append(table["position"].to_numpy())
            left -= len(table)
            reached = int(places[-1][-1]) if not left else step.high[0] - 1
            if not left or (step.opened >= MAX_FILES and step.high != END):
                break
        else:
            return TickRange(np.concatenate(parts), np.concatenate(places), None)
        return TickRange(np.concatenate(parts), np.concatenate(places), reached)

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
        try:
            return self._all_ticks(source, after, limit)
        except duckdb.IOException:  # a file was merged since its name was read
            return self._all_ticks(source, after, limit)

    def _all_ticks(self, source: Source, after: int, limit: int) -> tuple[Rows, Any, Any]:
        chosen, last = self.files_after(TICKS, source, after, limit)
        if not chosen:
            return np.zeros(0, TICK), np.zeros(0, np.uint64), np.zeros((0, 3), np.int64)
        stamps = ("received", "parsed", "written")
        sql = (
            f"SELECT {', '.join((*_names(TICK), *stamps))}, position FROM {self._read(chosen)}"
            f" WHERE position > {after} AND position <= {last} ORDER BY position LIMIT {limit}"
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
        files, _ = self.files_after(TICKS, source, after, limit)
        new = [path for path in files if path not in known]
        ticks = self.all_ticks(source, after, limit)
        if not new:
            return ticks, []
        listed = ", ".join(quoted(self._target.address(path)) for path in new)
        sql = f"SELECT key, value FROM parquet_kv_metadata([{listed}])"
        footers = self._table(sql)
        known.update(new)
        pairs = zip(footers["key"].to_pylist(), footers["value"].to_pylist(), strict=True)
        return ticks, [row for key, value in pairs for row in instruments_in({key: value})]

    def records(
        self, table: str, symbol: str | None, before: Id, begin: int, end: int, limit: int
    ) -> tuple[pa.Table, Id | None]:
        """Return rows of a table that all feeds share, the newest first.

        Parameters
        ----------
        table : str
        symbol : str or None
            None for all.
        before : Id
            Id of an entry, exclusive.
        begin, end : int
            Range of time, in ns since the Unix epoch; `end` is exclusive.
        limit : int

        Returns
        -------
        rows : pyarrow.Table
        reached : Id or None
            The id before which to go on; None if there is no older row.
        """
        about = TABLE[table]
        where = f'"{about.time}" >= {begin} AND "{about.time}" < {end}'
        if symbol is not None and "symbols" in about.schema.names:
            where += f" AND list_contains(symbols, {quoted(symbol)})"
        names = ", ".join(f'"{name}"' for name in about.schema.names)
        found = [about.schema.empty_table()]
        left = limit
        for step in newest_first(self._record_files(table, symbol, begin, end), before):
            rows_of = with_added(about, self._parquet(step.files, by_name=bool(about.added)))
            sql = (
                f"SELECT {names} FROM {rows_of} WHERE {where}"
                f" AND (entry, entry_index) >= {step.low} AND (entry, entry_index) < {step.high}"
                f" ORDER BY entry DESC, entry_index DESC LIMIT {left}"
            )
            found.append(self._table(sql))
            left -= len(found[-1])
            if not left or (step.opened >= MAX_FILES and step.low != BEGIN):
                break
        else:
            return _joined(about.schema, found), None
        rows = _joined(about.schema, found)
        last = rows.slice(len(rows) - 1).to_pylist() if not left else []
        return rows, (last[0]["entry"], last[0]["entry_index"]) if last else step.low

    def _record_files(self, table: str, symbol: str | None, begin: int, end: int) -> list[DataFile]:
        days = [day for day in self.days(table) if day_of(begin) <= day <= day_of(end)]
        symbols = [NO_SYMBOL]
        if "symbol" in TABLE[table].schema.names:
            symbols = self.symbols(table, days) if symbol is None else [symbol]
        return [
            file for each in symbols for day in days for file in self.files_of_day(table, each, day)
        ]

    def _table(self, sql: str) -> Any:
        with self._connection.cursor() as cursor:
            self._running = cursor
            try:
                if time.monotonic() > self.deadline:
                    raise TimeoutError("reading the archive took too long")
                return cursor.sql(sql).to_arrow_table()
            finally:
                self._running = None

    def _parquet(self, files: Sequence[DataFile], *, by_name: bool = False) -> str:
        return self._read([file.path for file in files], by_name=by_name)

    def _read(self, paths: Sequence[str], *, by_name: bool = False) -> str:
        listed = ", ".join(quoted(self._target.address(path)) for path in paths)
        return (
            f"read_parquet([{listed}], hive_partitioning = false, filename = true,"
            f" file_row_number = true, union_by_name = {by_name})"
        )


def _joined(schema: pa.Schema, tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([table.cast(schema) for table in tables])


def _of_range(files: Sequence[DataFile], first_day: str) -> list[DataFile]:
    """Return the files from a day on, and earlier ones that may void some of their bars.

    Those have entries that came after the first of the others.
    """
    first: dict[Source, Id] = {}
    for file in files:
        if file.day >= first_day:
            source = file.about.source
            first[source] = min(first.get(source, file.about.first), file.about.first)
    return [
        file
        for file in files
        if file.day >= first_day
        or (file.about.source in first and file.about.last >= first[file.about.source])
    ]


def _epochs_in(sources: Iterable[Source]) -> list[str]:
    return list(dict.fromkeys(source.epoch for source in sources))


def _names(dtype: np.dtype[np.void]) -> list[str]:
    return [name for name in dtype.names or () if name != "reserved"]


def _rows(table: Any, dtype: np.dtype[np.void]) -> Rows:
    rows = np.zeros(len(table), dtype)
    for name in _names(dtype):
        rows[name] = table[name].to_numpy()
    return rows
