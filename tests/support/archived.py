"""Archives of ticks, written batch by batch without Redis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tickfire.archive.names import Source, source_of
from tickfire.archive.tables import TABLE, TICKS
from tickfire.archive.target import Target
from tickfire.archive.writer import TableWriter
from tickfire.store.entries import Entry
from tickfire.store.mappings import Mappings
from tickfire.store.schema import Instrument, Stream
from tickfire.store.writes import tick_writes

EPOCH = b"\x01epoch01"
STREAM = Stream(1, 0)
SOURCE: Source = source_of(STREAM, EPOCH)
AAA, BBB = Instrument(1, 1, "AAA"), Instrument(1, 2, "BBB")


def write_ticks(
    target: Target,
    batches: Iterable[Any],
    first: int = 1,
    source: Source = SOURCE,
    table: Iterable[Instrument] = (AAA, BBB),
) -> None:
    """Write batches of TICK[n], each as `tickfire record` does, from a position on."""
    stream = source.stream
    assert stream is not None
    mappings = Mappings(table)
    writer = TableWriter(target, TABLE[TICKS], source)
    writer.recover()
    for ticks in batches:
        writer.write(_entries(stream, ticks, first), mappings)
        first += len(ticks)


def _entries(stream: Stream, ticks: Any, first: int) -> list[Entry]:
    writes = tick_writes(stream, first, ticks, 1, 2, len(ticks))
    return [
        (b"%d-0" % each.last, {b"h": each.header(3), b"d": bytes(each.data)}) for each in writes
    ]
