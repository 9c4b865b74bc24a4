"""Survey of a DBN file: counts of its records, gathered chunk by chunk."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.index_kernel import index_records
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import (
    CONTROL_RTYPES,
    FLAG_SNAPSHOT,
    RTYPE_BBO_1M,
    RTYPE_BBO_1S,
    RTYPE_DEFINITION,
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_EOD,
    RTYPE_SYMBOL_MAPPING,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import HEADER, record_dtype
from tickfire.ingest.inspect import survey_kernel as k

KEPT_SILENCES: Final = 64
"""The longest ones; the rest are counted."""
_FIRST_ROWS: Final = 256
_EVERY_S: Final = {
    RTYPE_OHLCV_1M: 60,
    RTYPE_OHLCV_1H: 3600,
    RTYPE_OHLCV_1D: 86400,
    RTYPE_OHLCV_EOD: 86400,
    RTYPE_BBO_1M: 60,
}
"""Interval of the types that have one, in seconds: it is no hole."""
_SAMPLED: Final = (RTYPE_BBO_1S, RTYPE_BBO_1M)
"""Types whose sequence numbers are those of the messages that were sampled."""


class Survey:
    """Counts of the records of a file.

    Parameters
    ----------
    metadata : Metadata
    silence_s : float
        Longest time without records, in seconds, that is no hole.

    Attributes
    ----------
    state : int64[STATES]
    types : int64[256, COLUMNS]
        By type.
    publishers : int64[65536]
        Numbers of records, by publisher.
    silences : int64[KEPT_SILENCES, 2]
        Start and end of the longest silences, in no order; 0 in the rows that are not used.
    size : int
        Size of the records in bytes.
    table : InstrumentTable
        Symbols, from the metadata and the records.
    """

    def __init__(self, metadata: Metadata, silence_s: float) -> None:
        self.state = np.zeros(k.STATES, np.int64)
        self.types = np.zeros((256, k.COLUMNS), np.int64)
        self.publishers = np.zeros(1 << 16, np.int64)
        self.silences = np.zeros((KEPT_SILENCES, 2), np.int64)
        self.size = 0
        self.table = InstrumentTable(feed=0)
        self.table.take_metadata(metadata)
        self._instruments = np.zeros((_FIRST_ROWS, k.COLUMNS), np.int64)
        self._sequences = np.zeros((_FIRST_ROWS, k.SEQUENCE_COLUMNS), np.int64)
        self._layouts = _layouts(metadata.version, int(silence_s * NS_PER_S))
        self._naming = np.zeros(256, np.bool_)
        self._naming[[RTYPE_DEFINITION, RTYPE_SYMBOL_MAPPING]] = True
        self._counts = np.zeros(256, np.int64)

    def add(self, chunk: NDArray[np.uint8]) -> None:
        """Count a chunk of whole records, uint8[n], 8-aligned."""
        self._learn_symbols(chunk)
        self.size += len(chunk)
        self.state[k.AT] = 0
        while not self._run(chunk):
            self._grow()

    @property
    def instruments(self) -> NDArray[np.int64]:
        """Rows of the instruments, int64[n, COLUMNS], in the order of their ids."""
        return _rows(self._instruments)

    @property
    def sequences(self) -> NDArray[np.int64]:
        """Rows of the sequences, int64[n, SEQUENCE_COLUMNS], in the order of their keys."""
        return _rows(self._sequences)

    def _run(self, chunk: NDArray[np.uint8]) -> bool:
        return bool(
            k.survey_records(
                chunk,
                chunk.view(np.uint32),
                chunk.view(np.int64),
                self._layouts,
                self.state,
                self.types,
                self._instruments,
                self._sequences,
                self.publishers,
                self.silences,
            )
        )

    def _grow(self) -> None:
        if 2 * self.state[k.INSTRUMENT_COUNT] >= len(self._instruments):
            self._instruments = _enlarged(self._instruments)
        if 2 * self.state[k.SEQUENCE_COUNT] >= len(self._sequences):
            self._sequences = _enlarged(self._sequences)

    def _learn_symbols(self, chunk: NDArray[np.uint8]) -> None:
        offsets = np.empty(len(chunk) // 16, np.int64)
        found = index_records(chunk, self._naming, self._counts, offsets)
        for at in offsets[:found].tolist():
            size, rtype = int(chunk[at]) * 4, int(chunk[at + 1])
            if size >= self._layouts[rtype, k.SIZE]:
                self.table.take_record(chunk[at : at + size].tobytes())


def _layouts(version: int, silence_ns: int) -> NDArray[np.int64]:
    layouts = np.zeros((256, k.LAYOUT_COLUMNS), np.int64)
    layouts[:, k.SILENCE_NS] = silence_ns
    layouts[:, k.TIME_AT] = _offset(HEADER, "ts_event")
    layouts[list(CONTROL_RTYPES), k.IS_CONTROL] = 1
    for rtype in range(256):
        dtype = record_dtype(rtype, version)
        if dtype is not None:
            layouts[rtype] = _layout(rtype, dtype, layouts[rtype])
    return layouts


def _layout(rtype: int, dtype: np.dtype[np.void], layout: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the layout of a type, given that of the unknown ones."""
    layout = layout.copy()
    layout[k.SIZE] = dtype.itemsize
    layout[k.SILENCE_NS] = max(layout[k.SILENCE_NS], _EVERY_S.get(rtype, 0) * NS_PER_S)
    names = dtype.names or ()
    if "ts_recv" in names:
        layout[k.TIME_AT] = _offset(dtype, "ts_recv")
    if "sequence" in names and rtype not in _SAMPLED:
        layout[k.SEQUENCE_AT] = _offset(dtype, "sequence")
    if "channel_id" in names:
        layout[k.CHANNEL_AT] = _offset(dtype, "channel_id")
        layout[k.CHANNEL_SIZE] = dtype["channel_id"].itemsize
    if "flags" in names:
        layout[k.FLAGS_AT] = _offset(dtype, "flags")
        layout[k.NO_SEQUENCE] = FLAG_SNAPSHOT
    return layout


def _offset(dtype: np.dtype[np.void], name: str) -> int:
    assert dtype.fields is not None
    return int(dtype.fields[name][1])


def _enlarged(table: NDArray[np.int64]) -> NDArray[np.int64]:
    larger = np.zeros((2 * len(table), table.shape[1]), np.int64)
    k.move_rows(table, larger)
    return larger


def _rows(table: NDArray[np.int64]) -> NDArray[np.int64]:
    used: NDArray[np.int64] = table[table[:, k.KEY] != 0]
    return used[np.argsort(used[:, k.KEY])]
