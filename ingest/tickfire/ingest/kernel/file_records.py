"""The records of a DBN file by type, and the bars among them that the feed made itself."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, UNDEF_PRICE
from tickfire.ingest.dbn.enums import bars_rtype
from tickfire.ingest.dbn.index_kernel import index_records
from tickfire.ingest.dbn.layout import (
    LATEST_NS,
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_DEPRECATED,
    RTYPE_OHLCV_EOD,
    SIZE_OHLCV,
)
from tickfire.ingest.dbn.records import OHLCV
from tickfire.store.schema import BAR, INTERVALS_S, Rows

SPANS_S: Final = {
    RTYPE_OHLCV_1D: INTERVALS_S["1d"],
    RTYPE_OHLCV_EOD: INTERVALS_S["1d"],
    RTYPE_OHLCV_1H: INTERVALS_S["1h"],
    RTYPE_OHLCV_1M: INTERVALS_S["1m"],
    RTYPE_OHLCV_1S: INTERVALS_S["1s"],
}
"""The interval of each type of bar, in seconds, in the order of preference for longer bars."""


class FileRecords:
    """The records of a file, chunk by chunk.

    Parameters
    ----------
    schema : str, optional
        The schema of the file, which alone tells the interval of bars of the deprecated type.

    Attributes
    ----------
    counts : int64[256]
        The number of records of each type.
    """

    def __init__(self, schema: str | None = None) -> None:
        self.counts = np.zeros(256, np.int64)
        self._untimed = bars_rtype(schema)
        self._wanted = np.zeros(256, np.bool_)
        self._wanted[list(SPANS_S)] = True
        self._wanted[RTYPE_OHLCV_DEPRECATED] = self._untimed in SPANS_S
        self._bars: dict[int, list[Rows]] = {rtype: [] for rtype in SPANS_S}

    def add(self, chunk: NDArray[np.uint8]) -> None:
        """Add a chunk of whole records."""
        offsets = np.empty(len(chunk) // 16, np.int64)
        offsets = offsets[: index_records(chunk, self._wanted, self.counts, offsets)]
        offsets = offsets[chunk[offsets] * np.int64(4) >= SIZE_OHLCV]
        if len(offsets):
            found = chunk[offsets[:, None] + np.arange(SIZE_OHLCV)].view(OHLCV)[:, 0]
            found["rtype"][found["rtype"] == RTYPE_OHLCV_DEPRECATED] = self._untimed
            for rtype in np.unique(found["rtype"]).tolist():
                self._bars[rtype].append(_bars(found[found["rtype"] == rtype], rtype))

    def bars(self, interval_s: int, traded: NDArray[np.uint32]) -> Rows:
        """Return BAR[n]: of each instrument that is not traded, the longest bars that fit.

        Parameters
        ----------
        interval_s : int
            Bars fit if their interval, in seconds, divides this.
        traded : uint32[k]
            Instruments whose bars are made from trades.
        """
        chosen = [np.zeros(0, BAR)]
        known = traded
        for rtype, span_s in SPANS_S.items():
            if interval_s % span_s == 0 and self._bars[rtype]:
                bars = np.concatenate(self._bars[rtype])
                chosen.append(bars[~np.isin(bars["instrument_id"], known)])
                known = np.union1d(known, bars["instrument_id"])
        return np.concatenate(chosen)

    @property
    def shortest_s(self) -> int | None:
        """The shortest interval of the feed's own bars in seconds, None if there are none."""
        return min((SPANS_S[rtype] for rtype, bars in self._bars.items() if bars), default=None)


def _bars(records: Rows, rtype: int) -> Rows:
    valid = (records["ts_event"] > 0) & (records["ts_event"] <= LATEST_NS)
    records = records[valid & (records["close"] != UNDEF_PRICE)]
    made = np.zeros(len(records), BAR)
    for name in ("open", "high", "low", "close", "volume", "instrument_id"):
        made[name] = records[name]
    made["start"] = records["ts_event"]
    made["start"] -= made["start"] % (SPANS_S[rtype] * NS_PER_S)
    made["vwap"], made["interval_s"] = records["close"], SPANS_S[rtype]
    return made
