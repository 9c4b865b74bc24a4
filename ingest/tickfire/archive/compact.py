"""Merging the small files of a day: each partition's become one, with the same rows. Blocking.

First the merged file is written, under a name that holds the ids of all others: from then on it
counts in their place (`held_files`). Then the commits are made to name it, and at last the others
are removed. A process that is killed in between leaves files that do not count, and the next pass
goes on with them. A reader that has an old file open reads on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tickfire.archive.commits import Commits
from tickfire.archive.files import ArchiveFiles
from tickfire.archive.names import DAY, Id, Source, data_name, held_files, parse_data_name
from tickfire.archive.partition import INSTRUMENTS, instruments_in, parquet_options
from tickfire.archive.target import Target

MAX_SIZE: Final = 64 << 20
"""Bytes, compressed, that the files have together that are merged into one."""
GROUP_ROWS: Final = 131_072
"""Rows of a row group."""
LEFT_S: Final = 3600.0
"""Age at which a temporary file is one that a killed process left."""

logger = logging.getLogger(__name__)

type Replaced = dict[Source, dict[str, str]]
"""By source: paths of files, each with that of the file that has its rows now."""


def compact_day(
    target: Target, table: str, day: str, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Merge the files of each symbol of a table and day; return how many are gone for it.

    Parameters
    ----------
    target : Target
    table, day : str
    should_stop : callable
        Asked between two steps; the steps that are done stay valid.

    Raises
    ------
    OSError
        The target cannot be read or written; nothing is lost.
    """
    files = ArchiveFiles(target)
    committed: dict[Source, Id] = {}
    replaced: Replaced = {}
    for folder in target.names(f"{table}/{DAY}{day}"):
        if should_stop():
            return 0
        place = f"{table}/{DAY}{day}/{folder}"
        target.sweep(place, LEFT_S)
        names = target.names(place)
        held = held_files(names)
        for source, own in _by_source(name for name in names if name not in held).items():
            if source not in committed:
                committed[source] = files.last(table, source)
            held |= _merge_all(
                target, place, source, [n for n in own if _last(n) <= committed[source]]
            )
        for name in held:
            about = parse_data_name(name)
            assert about is not None
            whole = _whole(held, name)
            replaced.setdefault(about.source, {})[f"{place}/{name}"] = f"{place}/{whole}"
    for source, own_files in replaced.items():
        if should_stop():
            return 0
        Commits(target, table, source).rename(own_files)
    gone = [path for own_files in replaced.values() for path in own_files]
    for path in gone:
        target.remove(path)
    return len(gone)


def _by_source(names: Iterable[str]) -> dict[Source, list[str]]:
    found: dict[Source, list[str]] = {}
    for name in names:
        about = parse_data_name(name)
        if about is not None:
            found.setdefault(about.source, []).append(name)
    return found


def _merge_all(target: Target, place: str, source: Source, names: Sequence[str]) -> dict[str, str]:
    """Merge files of one folder and source; return each that was merged with the merged one."""
    groups: list[list[str]] = [[]]
    size = 0
    for name in sorted(names, key=_last):
        own = target.size(f"{place}/{name}")
        if size + own > MAX_SIZE:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += own
    found: dict[str, str] = {}
    for group in groups:
        if len(group) > 1:
            found |= _merge(target, place, source, group)
    return found


def _merge(target: Target, place: str, source: Source, names: Sequence[str]) -> dict[str, str]:
    contents = [pa.py_buffer(target.read(f"{place}/{name}")) for name in names]
    try:
        merged = merged_file(contents)
    except pa.ArrowException as error:
        logger.warning("the files of %s cannot be merged: %s", place, error)
        return {}
    first, last = parse_data_name(names[0]), parse_data_name(names[-1])
    assert first is not None and last is not None
    whole = data_name(source, first.first, last.last)
    target.write(f"{place}/{whole}", merged)
    return dict.fromkeys(names, whole)


def merged_file(contents: Sequence[pa.Buffer]) -> pa.Buffer:
    """Return a Parquet file with the rows of others, in their order.

    Raises
    ------
    pyarrow.ArrowException
        One of them is no Parquet file, or has a column of another type.
    """
    parts = [pq.ParquetFile(pa.BufferReader(content)) for content in contents]
    schema = _schema(parts)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, **parquet_options(schema)) as writer:
        waiting: list[pa.Table] = []
        for part in parts:
            waiting.append(_filled(part.read(), schema))
            if sum(map(len, waiting)) >= GROUP_ROWS:
                writer.write_table(pa.concat_tables(waiting), GROUP_ROWS)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), GROUP_ROWS)
    merged = sink.getvalue()
    rows = pq.ParquetFile(pa.BufferReader(merged)).metadata.num_rows
    expected = sum(part.metadata.num_rows for part in parts)
    if rows != expected:
        raise pa.ArrowInvalid(f"it has {rows} rows, not {expected}")
    return merged


def _schema(parts: Sequence[pq.ParquetFile]) -> pa.Schema:
    """Return the columns of all files, and the instruments that their footers name.

    Files of an earlier release may lack the last columns.
    """
    schemas = [part.schema_arrow for part in parts]
    schema = pa.unify_schemas([own.remove_metadata() for own in schemas])
    found: dict[object, None] = {}
    for own in schemas:
        found.update(dict.fromkeys(instruments_in(own.metadata)))
    return (
        schema.with_metadata({INSTRUMENTS: msgspec.json.encode(list(found))}) if found else schema
    )


def _filled(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows with all columns of a schema, of which they may lack some."""
    own = rows.replace_schema_metadata(schema.metadata)
    return pa.concat_tables([schema.empty_table(), own], promote_options="default")


def _whole(held: dict[str, str], name: str) -> str:
    """Return the file that has the rows of another one in the end."""
    while name in held:
        name = held[name]
    return name


def _last(name: str) -> Id:
    about = parse_data_name(name)
    assert about is not None
    return about.last
