"""A recording as segments of records, each with the mappings that it needs. Pure.

No mapping changes within a segment: a new segment begins where a mapping of the metadata starts,
and at a mapping record of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from tickfire.ingest.dbn.control import SymbolMappingMsg, decode_control
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import DbnFile
from tickfire.ingest.gateway.mappings import MappingSchedule, mappings_of
from tickfire.ingest.gateway.segment import Segment, survey_chunk

CHUNK_SIZE: Final = 1 << 18
"""Bytes that are read and, at speed 0, written at once: few enough not to block the loop."""
NAMED_BY: Final = 1 << 20
"""Bytes at each end of a file by which it is told from others."""
NAME_SIZE: Final = 8
"""Bytes of the digest that names a recording."""


@dataclass
class Recording:
    """A file to replay, and facts about it that all its replays share.

    Attributes
    ----------
    file : DbnFile
    """

    file: DbnFile

    @cached_property
    def mappings(self) -> list[SymbolMappingMsg]:
        """The metadata's mappings, ordered by start."""
        return mappings_of(self.file.metadata)

    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols that the metadata maps; empty if it maps none."""
        return frozenset(mapping.stype_out_symbol for mapping in self.mappings)

    @cached_property
    def first_clock(self) -> int:
        """The time at which the first data record is due, in ns since the Unix epoch."""
        head = self._head
        if head is None or not head.clocks[-1]:
            return self.file.metadata.start
        return int(head.clocks[head.clocks > 0][0])

    @cached_property
    def maps_symbols(self) -> bool:
        """True if the metadata, or a record before the data, maps symbols."""
        if self.mappings:
            return True
        head = self._head
        return head is not None and bool(np.any(head.is_mapping() & (head.clocks == 0)))

    @cached_property
    def _head(self) -> Segment | None:
        try:
            chunk = next(self.file.chunks(CHUNK_SIZE), None)
        except DbnError:
            return None  # each replay meets the error again, and reports it
        return None if chunk is None else survey_chunk(chunk)

    def segments(self) -> Iterator[Segment]:
        """Yield the records of the file, from the first.

        Raises
        ------
        DbnError
            If the rest of the file cannot be read.
        """
        schedule = MappingSchedule(self.mappings, self.first_clock)
        clock = 0
        first = schedule.first
        for chunk in self.file.chunks(CHUNK_SIZE):
            whole = survey_chunk(chunk, clock)
            clock = int(whole.clocks[-1])
            for part in _cut(whole, schedule):
                part.mappings, first = [*first, *part.mappings], []
                yield part


def recording_name(path: Path) -> str:
    """Return a name that tells a recording from others: a digest of its size and its ends."""
    size = path.stat().st_size
    digest = hashlib.blake2b(b"%d" % size, digest_size=NAME_SIZE)
    with path.open("rb") as file:
        digest.update(file.read(NAMED_BY))
        file.seek(max(0, size - NAMED_BY))
        digest.update(file.read())
    return digest.hexdigest()


def _cut(whole: Segment, schedule: MappingSchedule) -> Iterator[Segment]:
    """Yield the parts of a chunk between which mappings change."""
    own = _own_cuts(whole)
    cuts = sorted({0, *own, *_scheduled_cuts(whole, schedule)})
    for first, last in zip(cuts, [*cuts[1:], len(whole)], strict=True):
        part = whole.part(first, last)
        part.mappings = list(schedule.due(int(whole.clocks[first])))
        if first in own:
            part.own_mappings = list(_leading_mappings(part))
        yield part


def _own_cuts(whole: Segment) -> set[int]:
    is_mapping = whole.is_mapping()
    follows = np.concatenate(([False], is_mapping[:-1]))
    return set(np.flatnonzero(is_mapping & ~follows).tolist())


def _scheduled_cuts(whole: Segment, schedule: MappingSchedule) -> Iterator[int]:
    for start in schedule.starts_until(int(whole.clocks[-1])):
        yield int(np.searchsorted(whole.clocks, start))


def _leading_mappings(part: Segment) -> Iterator[SymbolMappingMsg]:
    for index, is_mapping in enumerate(part.is_mapping()):
        if not is_mapping:
            return
        message = decode_control(part.record(index))
        if isinstance(message, SymbolMappingMsg):
            yield message
