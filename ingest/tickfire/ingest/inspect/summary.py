"""Summary of a DBN file, as ``tickfire inspect`` reports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.enums import type_name
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.inspect import survey_kernel as k
from tickfire.ingest.inspect.survey import Survey

DEFAULT_SILENCE_S: Final = 60.0


class TypeCount(msgspec.Struct, frozen=True):
    """Records of one type, and the times of the first and the last; 0 without times."""

    rtype: int
    name: str
    records: int
    first: int
    last: int


class SymbolCount(msgspec.Struct, frozen=True):
    """Records of one instrument, as of a type; its symbol is that at the time of the first."""

    instrument_id: int
    symbol: str
    records: int
    first: int
    last: int


class PublisherCount(msgspec.Struct, frozen=True):
    """Records of one publisher."""

    publisher_id: int
    records: int


class Sequence(msgspec.Struct, frozen=True):
    """Sequence numbers of one publisher, channel and type.

    Attributes
    ----------
    publisher_id, channel_id : int
        The channel is 0 for types without one.
    name : str
        Of the type.
    records : int
    first, last : int
        Sequence numbers.
    holes : int
        Places at which numbers are missing.
    missing : int
        Numbers that are missing.
    repeats : int
        Records with a lower number than one before, at no later time.
    restarts : int
        Places at which the numbers begin anew at a later time.
    """

    publisher_id: int
    channel_id: int
    name: str
    records: int
    first: int
    last: int
    holes: int
    missing: int
    repeats: int
    restarts: int


class Silence(msgspec.Struct, frozen=True):
    """Time without records, from `start` to `end` in ns."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """Return its length in seconds."""
        return (self.end - self.start) / NS_PER_S


class Summary(msgspec.Struct, frozen=True):
    """Content of a file; times are in ns since the Unix epoch.

    Attributes
    ----------
    file : str
    file_size, size : int
        Bytes of the file, and of its records once decompressed.
    metadata : Metadata
    records : int
    first, last : int or None
        Span of time of the records, None if none has a time.
    types, publishers, symbols, sequences : list
        The most frequent first, sequences by type, channel and publisher.
    short : int
        Records that are shorter than their type, of which nothing else is counted.
    silence_s : float
        Longest time without records, in seconds, that is no hole.
    silences : int
        Number of longer ones.
    longest_silences : list of Silence
        The longest of them, at most 64, longest first.
    error : str or None
        The reason why the rest of the file cannot be read; None if all of it can.
    """

    file: str
    file_size: int
    size: int
    metadata: Metadata
    records: int
    first: int | None
    last: int | None
    types: list[TypeCount]
    publishers: list[PublisherCount]
    symbols: list[SymbolCount]
    sequences: list[Sequence]
    short: int
    silence_s: float
    silences: int
    longest_silences: list[Silence]
    error: str | None


def summarize(
    path: Path,
    silence_s: float = DEFAULT_SILENCE_S,
    on_read: Callable[[int], None] | None = None,
) -> Summary:
    """Summarize a file, up to its end or to what cannot be read.

    Parameters
    ----------
    path : Path
    silence_s : float
        Longest time without records, in seconds, that is no hole.
    on_read : callable, optional
        Called now and then with the number of bytes of the file that have been read.

    Raises
    ------
    DbnError
        If the file cannot be opened or its metadata cannot be read.
    """
    file = open_dbn(path)
    survey = Survey(file.metadata, silence_s)
    error = None
    try:
        for chunk in file.chunks(on_read=on_read):
            survey.add(chunk)
    except DbnError as caught:
        error = str(caught)
    return _summary(path, file.metadata, survey, silence_s, error)


def _summary(
    path: Path, metadata: Metadata, survey: Survey, silence_s: float, error: str | None
) -> Summary:
    types = _types(survey)
    firsts = [each.first for each in types if each.first]
    return Summary(
        file=str(path),
        file_size=path.stat().st_size,
        size=survey.size,
        metadata=metadata,
        records=sum(each.records for each in types),
        first=min(firsts, default=None),
        last=max((each.last for each in types if each.first), default=None),
        types=types,
        publishers=_publishers(survey),
        symbols=_symbols(survey),
        sequences=_sequences(survey),
        short=int(survey.state[k.SHORT]),
        silence_s=silence_s,
        silences=int(survey.state[k.SILENCES]),
        longest_silences=_silences(survey),
        error=error,
    )


def _types(survey: Survey) -> list[TypeCount]:
    rows = enumerate(survey.types.tolist())
    found = [
        TypeCount(rtype, type_name(rtype), row[k.RECORDS], row[k.FIRST], row[k.LAST])
        for rtype, row in rows
        if row[k.RECORDS]
    ]
    return sorted(found, key=lambda each: -each.records)


def _publishers(survey: Survey) -> list[PublisherCount]:
    ids = np.flatnonzero(survey.publishers)
    found = [PublisherCount(int(each), int(survey.publishers[each])) for each in ids]
    return sorted(found, key=lambda each: -each.records)


def _symbols(survey: Survey) -> list[SymbolCount]:
    found = [
        SymbolCount(key - 1, survey.table.symbol(key - 1, first), records, first, last)
        for key, records, first, last in survey.instruments.tolist()
    ]
    return sorted(found, key=lambda each: -each.records)


def _sequences(survey: Survey) -> list[Sequence]:
    found = []
    for row in survey.sequences.tolist():
        rtype, channel, publisher = k.sequence_key(row[k.KEY])
        counts = row[k.RECORDS], row[k.FIRST], row[k.LAST]
        faults = row[k.HOLES], row[k.MISSING], row[k.REPEATS], row[k.RESTARTS]
        if row[k.LAST]:  # 0 where a venue has no sequence numbers
            found.append(Sequence(publisher, channel, type_name(rtype), *counts, *faults))
    return found


def _silences(survey: Survey) -> list[Silence]:
    found = [Silence(start, end) for start, end in survey.silences.tolist() if end]
    return sorted(found, key=lambda each: each.start - each.end)
