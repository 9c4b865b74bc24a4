"""Summary of a DBN file as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from tickfire.base.columns import columns
from tickfire.base.units import NS_PER_S
from tickfire.ingest.inspect.summary import Summary, SymbolCount, TypeCount

MOST: Final = 20
"""Rows of a table; of longer ones the rest is only counted."""

type Row = tuple[str, ...]


def lines_of(summary: Summary) -> Iterator[str]:
    """Yield the lines of the report of a file."""
    yield summary.file
    yield from _indented(_head(summary))
    yield from _table("records by type", [(each.name, *_cells(each)) for each in summary.types])
    publishers = [(str(each.publisher_id), f"{each.records:,}") for each in summary.publishers]
    yield from _table("records by publisher", publishers)
    symbols = [(f"{each.symbol} ({each.instrument_id})", *_cells(each)) for each in summary.symbols]
    yield from _table("records by symbol", symbols)
    yield from _table("sequence numbers", _sequences(summary))
    holes = [
        (_time(each.start), _time(each.end), f"{each.seconds:,.3f} s")
        for each in summary.longest_silences
    ]
    silences = _counted(summary.silences, "hole")
    title = f"time without records for more than {summary.silence_s:g} s: {silences}"
    yield from _table(title, holes)
    if summary.short:
        short = _counted(summary.short, "record")
        yield f"  shorter than their type, and counted by type only: {short}"
    if summary.error:
        yield f"  not read to the end: {summary.error}"


def _head(summary: Summary) -> list[Row]:
    metadata = summary.metadata
    end = "open" if metadata.end is None else _time(metadata.end)
    rows: list[Row] = [
        ("format", f"DBN version {metadata.version}, {summary.file_size:,} bytes"),
        ("dataset", metadata.dataset),
        ("schema", metadata.schema or "mixed"),
        ("asked for", f"{_time(metadata.start)} to {end}"),
        ("symbology", f"{metadata.stype_in or 'mixed'} to {metadata.stype_out or 'mixed'}"),
    ]
    for name in ("symbols", "partial", "not_found"):
        given: Sequence[str] = getattr(metadata, name)
        if given:
            rows.append((name.replace("_", " "), _listed(given)))
    if metadata.limit is not None:
        rows.append(("limit", f"{metadata.limit:,} records"))
    if metadata.ts_out:
        rows.append(("ts_out", "each record ends with the time of sending"))
    rows.append(("records", f"{summary.records:,}, {summary.size:,} bytes"))
    if summary.first is not None and summary.last is not None:
        seconds = (summary.last - summary.first) / NS_PER_S
        rows.append(("span", f"{_time(summary.first)} to {_time(summary.last)} ({seconds:,.3f} s)"))
    return rows


def _sequences(summary: Summary) -> list[Row]:
    return [
        (
            f"publisher {each.publisher_id}, channel {each.channel_id}, {each.name}",
            f"{each.first} to {each.last}",
            f"{_counted(each.holes, 'hole')} ({each.missing:,} missing)",
            _counted(each.repeats, "repeat"),
            _counted(each.restarts, "restart"),
        )
        for each in summary.sequences
    ]


def _cells(counted: TypeCount | SymbolCount) -> Row:
    times = (_time(counted.first), _time(counted.last)) if counted.first else ()
    return (f"{counted.records:,}", *times)


def _table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield f"  {title}"
        yield from _indented([("", *row) for row in rows[:MOST]])
        if len(rows) > MOST:
            yield f"    and {len(rows) - MOST:,} more; --json lists them"


def _indented(rows: Sequence[Row]) -> Iterator[str]:
    return (f"  {line}" for line in columns(rows))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _time(ns: int) -> str:
    seconds, part = divmod(ns, NS_PER_S)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{part:09d}Z"
    except (ValueError, OverflowError, OSError):
        return f"{ns} ns"
