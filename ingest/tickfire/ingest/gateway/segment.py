"""Runs of records, with the index that is needed to pace, filter and send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.control import SymbolMappingMsg
from tickfire.ingest.dbn.layout import HEADER_SIZE, RTYPE_SYMBOL_MAPPING
from tickfire.ingest.dbn.records import field_offsets
from tickfire.ingest.gateway.replay_kernel import gather, survey

_RECV_OFFSETS = field_offsets("ts_recv")


@dataclass(slots=True)
class Segment:
    """Consecutive records and their index.

    Attributes
    ----------
    data : uint8[]
        8-aligned memory, which may hold other records, too.
    offsets : int64[n + 1]
        The offset of each record in `data`, and the end of the last.
    rtypes : uint8[n]
        The type of each record.
    clocks : int64[n]
        The time at which each record is due on the replay clock, in ns since the Unix epoch;
        it never falls, and is 0 before the first data record.
    mappings : sequence of SymbolMappingMsg
        The mappings to send before the first record.
    own_mappings : sequence of SymbolMappingMsg
        The mappings among the first records, which need not be sent in addition.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    rtypes: NDArray[np.uint8]
    clocks: NDArray[np.int64]
    mappings: Sequence[SymbolMappingMsg] = field(default=())
    own_mappings: Sequence[SymbolMappingMsg] = field(default=())

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.rtypes)

    @property
    def instrument_ids(self) -> NDArray[np.uint32]:
        """The instrument of each record, uint32[n]."""
        ids: NDArray[np.uint32] = self.data.view(np.uint32)[(self.offsets[:-1] >> 2) + 1]
        return ids

    @property
    def ts_events(self) -> NDArray[np.uint64]:
        """The event time of each record, uint64[n], ns since the Unix epoch."""
        times: NDArray[np.uint64] = self.data.view(np.uint64)[(self.offsets[:-1] >> 3) + 1]
        return times

    def part(self, first: int, last: int) -> Segment:
        """Return the records first <= i < last, without mappings."""
        return Segment(
            self.data,
            self.offsets[first : last + 1],
            self.rtypes[first:last],
            self.clocks[first:last],
        )

    def is_mapping(self) -> NDArray[np.bool_]:
        """Return which records are symbol mappings, bool[n]."""
        mapped: NDArray[np.bool_] = self.rtypes == RTYPE_SYMBOL_MAPPING
        return mapped

    def record(self, index: int) -> bytes:
        """Return a record as bytes."""
        return self.data[self.offsets[index] : self.offsets[index + 1]].tobytes()

    def bytes_of(self, first: int, last: int) -> memoryview:
        """Return the bytes of the records first <= i < last, without a copy."""
        return memoryview(self.data)[int(self.offsets[first]) : int(self.offsets[last])]

    def selected(
        self, keep: NDArray[np.bool_], first: int, last: int, *, cut: int = 0, ts_out: int = 0
    ) -> memoryview:
        """Return a copy of those records first <= i < last that are kept.

        Parameters
        ----------
        keep : bool[n]
        cut : int
            The number of 8-byte words to cut off the end of each record.
        ts_out : int
            The time to append to each, in ns since the Unix epoch; 0 appends nothing.
        """
        words = (int(self.offsets[last] - self.offsets[first]) >> 3) + last - first
        out = np.empty(words, np.int64)
        written = gather(
            self.data.view(np.int64), self.offsets, keep, first, last, cut, ts_out, out
        )
        return memoryview(out.view(np.uint8))[: written * 8]


def survey_chunk(data: NDArray[np.uint8], clock: int = 0) -> Segment:
    """Return the segment of a chunk of whole records.

    Parameters
    ----------
    data : uint8[n]
        8-aligned, n a multiple of 8.
    clock : int
        The replay clock at the record before the chunk; 0 if there is none.
    """
    most = len(data) // HEADER_SIZE
    offsets = np.empty(most + 1, np.int64)
    rtypes = np.empty(most, np.uint8)
    clocks = np.empty(most, np.int64)
    count = survey(data, data.view(np.int64), _RECV_OFFSETS, clock, offsets, rtypes, clocks)
    return Segment(data, offsets[: count + 1], rtypes[:count], clocks[:count])
