"""Names of the files of an archive. Pure.

A file of data is ``<table>/day=<day>/symbol=<symbol>/<source>-<epoch>-<first>-<last>.parquet``. Its
source is the stream, as ``feed.shard``, or ``0`` for the streams that all feeds share, whose epoch
is ``0`` as well. ``first`` and ``last`` are the ids of the stream entries that its batch holds, or
for ticks the positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

import numpy as np

from tickfire.base.calendar.bounds import DAY_NS
from tickfire.store.schema import Stream

SUFFIX: Final = ".parquet"
SHARED: Final = "0"
"""The source and the epoch of streams that belong to no feed."""
COMMITS: Final = "_commits"
DAY: Final = "day="
SYMBOL: Final = "symbol="
LATEST_NS: Final = 2**62
"""The latest time, in ns since the Unix epoch, whose day has a name of its own."""

type Id = tuple[int, int]
"""The two numbers of the id of an entry; of ticks, the position and 0."""


class Source(NamedTuple):
    """The origin of rows: a stream within an epoch, or a stream that all feeds share.

    Attributes
    ----------
    name : str
        ``feed.shard``, or `SHARED`.
    epoch : str
        The epoch in hex, or `SHARED`.
    """

    name: str
    epoch: str

    @property
    def stream(self) -> Stream | None:
        """The stream, None if all feeds share it."""
        feed, dot, shard = self.name.partition(".")
        return Stream(int(feed), int(shard)) if dot else None


def source_of(stream: Stream, epoch: bytes) -> Source:
    """Return the source of the rows of a stream in an epoch."""
    return Source(str(stream), epoch.hex())


SHARED_SOURCE: Final = Source(SHARED, SHARED)


class DataName(NamedTuple):
    """The parts of the name of a file of data."""

    source: Source
    first: Id
    last: Id


def data_name(source: Source, first: Id, last: Id) -> str:
    """Return the name of a file of data within its folder."""
    return f"{source.name}-{source.epoch}-{id_text(first)}-{id_text(last)}{SUFFIX}"


def parse_data_name(name: str) -> DataName | None:
    """Return the parts of the name of a file of data, None if it is another file."""
    parts = name.removesuffix(SUFFIX).split("-")
    if not name.endswith(SUFFIX) or len(parts) != 4:
        return None
    try:
        return DataName(Source(parts[0], parts[1]), parse_id(parts[2]), parse_id(parts[3]))
    except ValueError:
        return None


def held_files(names: Iterable[str]) -> dict[str, str]:
    """Return the files of a folder whose rows another one has too, with the name of that one.

    A file that was merged from others has the first id of the first and the last id of the last of
    them. From the moment at which it is there, it counts, and they do not.

    >>> one, two = (data_name(SHARED_SOURCE, (n, 0), (n, 9)) for n in (1, 2))
    >>> both = data_name(SHARED_SOURCE, (1, 0), (2, 9))
    >>> held_files([one, two]), held_files([one, two, both]) == {one: both, two: both}
    ({}, True)
    """
    found: dict[str, str] = {}
    parsed = [(about, name) for name in names if (about := parse_data_name(name)) is not None]
    parsed.sort(key=lambda pair: (pair[0].source, pair[0].first, _reversed(pair[0].last)))
    whole: tuple[DataName, str] | None = None
    for about, name in parsed:
        if whole is not None and about.source == whole[0].source and about.last <= whole[0].last:
            found[name] = whole[1]
        else:
            whole = about, name
    return found


def _reversed(entry_id: Id) -> Id:
    return -entry_id[0], -entry_id[1]


def id_text(entry_id: Id) -> str:
    """Return an id with as many digits as make names sort as ids do."""
    return f"{entry_id[0]:020d}_{entry_id[1]:010d}"


def parse_id(text: str) -> Id:
    """Return the id that `id_text` wrote.

    Raises
    ------
    ValueError
        It did not.
    """
    major, _, minor = text.partition("_")
    return int(major), int(minor)


def day_of(ns: int) -> str:
    """Return the day, in UTC, of a time in ns since the Unix epoch.

    Times before the Unix epoch or after `LATEST_NS` have the first or the last day.

    >>> day_of(1_719_792_000_000_000_000), day_of(-1), day_of(2**63 - 1)
    ('2024-07-01', '1970-01-01', '2116-02-20')
    """
    return str(np.datetime64(min(max(ns, 0), LATEST_NS) // DAY_NS, "D"))


def symbol_folder(symbol: str) -> str:
    """Return the folder of a symbol.

    >>> symbol_folder("ES 0920/C")
    'symbol=ES%200920%2FC'
    """
    return SYMBOL + quote(symbol, safe="")


def symbol_of(folder: str) -> str:
    """Return the symbol of a folder."""
    return unquote(folder.removeprefix(SYMBOL))


def commits_folder(table: str, source: Source) -> str:
    """Return the folder of the commits of a table and source."""
    return f"{COMMITS}/{table}/{source.name}-{source.epoch}"
