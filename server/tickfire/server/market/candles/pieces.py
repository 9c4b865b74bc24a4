"""Whole bars from the pieces in a stream of bars, all at once, to load history. Pure.

A BAR_LATE piece belongs to the earlier bar of the same start. A BAR_REWIND piece voids the earlier
pieces that begin at its start or later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S
from tickfire.ingest.kernel.notional import notionals
from tickfire.server.market.candles.series import (
    CLOSE,
    COLUMNS,
    FIRST,
    HIGH,
    LAST,
    LOW,
    NOTIONAL_HIGH,
    NOTIONAL_LOW,
    OPEN,
    START,
    TRADES,
    VOLUME,
    Bars,
    fold,
)
from tickfire.store.schema import BAR, BAR_REWIND

type Rows = NDArray[np.void]

_FIELDS: Final = {
    "start": START,
    "open": OPEN,
    "high": HIGH,
    "low": LOW,
    "close": CLOSE,
    "volume": VOLUME,
    "trades": TRADES,
}
_NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Group:
    """Bars of one instrument and interval.

    Attributes
    ----------
    feed, instrument_id : int
        The key of the instrument.
    interval_s : int
        The length of a bar, in seconds.
    void_from : int or None
        The start (ns) from which on bars loaded before are void.
    bars : int64[n, COLUMNS]
    """

    feed: int
    instrument_id: int
    interval_s: int
    void_from: int | None
    bars: Bars


def whole_bars(pieces: Rows) -> Iterator[Group]:
    """Yield the bars in BAR[] pieces, given in the order of their stream.

    Raises
    ------
    TypeError
        The records are not BAR.
    """
    if pieces.dtype != BAR:
        raise TypeError(f"pieces must be BAR records, not {pieces.dtype}")
    if not len(pieces):
        return
    keys = _keys(pieces)
    order = np.lexsort((keys["id"], keys["interval"]))  # stable: keeps the order of the stream
    pieces, keys = pieces[order], keys[order]
    heads = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    for begin, end in zip(heads, np.append(heads[1:], len(pieces)), strict=True):
        group = pieces[begin:end]
        first = group[0]
        yield Group(
            int(first["feed"]),
            int(first["instrument_id"]),
            int(first["interval_s"]),
            _void_from(group),
            _merge(group[~_voided(group)], int(first["interval_s"])),
        )


def _keys(pieces: Rows) -> Rows:
    keys = np.zeros(len(pieces), [("id", "<i8"), ("interval", "<i8")])
    keys["id"] = pieces["feed"].astype(np.int64) << 32 | pieces["instrument_id"]
    keys["interval"] = pieces["interval_s"]
    return keys


def _void_from(group: Rows) -> int | None:
    starts = group["start"][group["flags"] & BAR_REWIND != 0]
    return int(starts.min()) if len(starts) else None


def _voided(group: Rows) -> NDArray[np.bool_]:
    rewinds = group["flags"] & BAR_REWIND != 0
    if not rewinds.any():
        return np.zeros(len(group), bool)
    starts = np.where(rewinds, group["start"], _NEVER)
    later = np.append(starts[1:], _NEVER)
    least_later = np.minimum.accumulate(later[::-1])[::-1]
    voided: NDArray[np.bool_] = group["start"] >= least_later
    return voided


def _merge(group: Rows, interval_s: int) -> Bars:
    group = group[np.argsort(group["start"], kind="stable")]
    bars = np.empty((len(group), COLUMNS), np.int64)
    for name, column in _FIELDS.items():
        bars[:, column] = group[name]
    high, low = notionals(group["vwap"], bars[:, VOLUME])
    bars[:, NOTIONAL_HIGH], bars[:, NOTIONAL_LOW] = high, low
    bars[:, FIRST] = bars[:, LAST] = bars[:, START]
    return fold(bars, bars[:, START] - bars[:, START] % (interval_s * NS_PER_S))
