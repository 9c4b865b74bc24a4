"""From the pieces of a stream of bars to whole bars, all at once, for the start. Pure.

BAR_LATE pieces merge into the bar of the same start; BAR_REWIND voids the earlier pieces from its
start on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.candles.series import (
    CLOSE,
    COLUMNS,
    FIRST,
    HIGH,
    LAST,
    LOW,
    OPEN,
    START,
    TRADES,
    VOLUME,
    Bars,
)
from tickfire.store.schema import BAR, BAR_REWIND

type Rows = NDArray[np.void]

_NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one instrument and interval.

    Attributes
    ----------
    void_from : int or None
        Bars known before are void from this start (ns) on.
    bars : int64[n, COLUMNS]
    """

    feed: int
    instrument_id: int
    interval_s: int
    void_from: int | None
    bars: Bars


def whole_bars(pieces: Rows) -> Iterator[Group]:
    """Yield, by instrument and interval, what BAR[] pieces in the order of their stream hold."""
    if pieces.dtype != BAR:
        raise TypeError(f"pieces are BAR records, not {pieces.dtype}")
    if not len(pieces):
        return
    keys = _keys(pieces)
    order = np.lexsort((keys["id"], keys["interval"]))  # stable: the order of the stream stays
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
            _merge(group[~_voided(group)]),
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


def _merge(group: Rows) -> Bars:
    order = np.argsort(group["start"], kind="stable")
    group = group[order]
    starts = group["start"]
    heads = np.flatnonzero(np.append(True, starts[1:] != starts[:-1]))
    if not len(group):
        return np.zeros((0, COLUMNS), np.int64)
    tails = np.append(heads[1:], len(group)) - 1
    bars = np.empty((len(heads), COLUMNS), np.int64)
    bars[:, START] = bars[:, FIRST] = bars[:, LAST] = starts[heads]
    bars[:, OPEN] = group["open"][heads]
    bars[:, HIGH] = np.maximum.reduceat(group["high"], heads)
    bars[:, LOW] = np.minimum.reduceat(group["low"], heads)
    bars[:, CLOSE] = group["close"][tails]
    bars[:, VOLUME] = np.add.reduceat(group["volume"].astype(np.int64), heads)
    bars[:, TRADES] = np.add.reduceat(group["trades"].astype(np.int64), heads)
    return bars
