"""Bars merged into longer ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS
from tickfire.ingest.kernel.notional import carried, notionals, vwaps
from tickfire.store.schema import Rows

FOLDED: Final = ("open", "high", "low", "close", "volume", "trades")
"""The columns that `fold_columns` takes first, in this order; those of the notional follow."""
_VOLUME, _TRADES, _HIGH, _LOW = range(4, 8)


def fold_columns(columns: NDArray[np.int64], heads: NDArray[np.intp]) -> NDArray[np.int64]:
    """Fold runs of consecutive bars into one bar each.

    Bars that a feed made itself have a volume without trades. The number of trades, and with it
    the mean price, is unknown where one of them is in a run, and then is 0.

    Parameters
    ----------
    columns : int64[n, 8]
        Open, high, low, close, volume, trades and the two parts of the notional of each bar.
    heads : intp[m]
        The index of the first bar of each run, ascending, beginning with 0.

    Returns
    -------
    int64[m, 8]
    """
    tails = np.append(heads[1:], len(columns)) - 1
    folded = columns[heads]
    folded[:, 1] = np.maximum.reduceat(columns[:, 1], heads)
    folded[:, 2] = np.minimum.reduceat(columns[:, 2], heads)
    folded[:, 3] = columns[tails, 3]
    folded[:, 4:] = np.add.reduceat(columns[:, 4:], heads)
    untraded = (columns[:, _TRADES] == 0) & (columns[:, _VOLUME] > 0)
    folded[np.logical_or.reduceat(untraded, heads), _TRADES] = 0
    folded[:, _HIGH], folded[:, _LOW] = carried(folded[:, _HIGH], folded[:, _LOW])
    return folded


def merge(pieces: Rows, interval_s: int, starts: NDArray[np.int64] | None = None) -> Rows:
    """Merge pieces of bars into whole bars of an interval.

    Parameters
    ----------
    pieces : BAR[k]
        Pieces in the order of closing, all of intervals that divide ``interval_s``.
    interval_s : int
        Seconds.
    starts : int64[k], optional
        The start of the bar that each piece belongs to, in ns; by default it is a multiple of the
        interval.

    Returns
    -------
    BAR[m]
        Ordered by start, then by feed and instrument.
    """
    if not len(pieces):
        return pieces
    if starts is None:
        starts = bounds_of(interval_s, ALWAYS).starts_of(pieces["start"])
    order = np.lexsort((pieces["instrument_id"], pieces["feed"], starts))  # stable
    pieces, starts = pieces[order], starts[order]
    heads = _heads(starts, pieces["feed"], pieces["instrument_id"])
    tails = np.append(heads[1:], len(pieces)) - 1
    bars = pieces[heads]
    bars["start"], bars["interval_s"], bars["flags"] = starts[heads], interval_s, 0
    bars["n"] = pieces["n"][tails]
    columns = [pieces[name].astype(np.int64) for name in FOLDED]
    columns += notionals(pieces["vwap"], columns[_VOLUME])
    folded = fold_columns(np.stack(columns, axis=1), heads)
    for name, column in zip(FOLDED, folded.T, strict=False):
        bars[name] = column
    mean = vwaps(folded[:, _HIGH], folded[:, _LOW], np.maximum(folded[:, _VOLUME], 1))
    bars["vwap"] = np.where(folded[:, _VOLUME] > 0, mean, bars["close"])
    return bars


def _heads(*columns: NDArray[Any]) -> NDArray[np.intp]:
    """Return where a run of equal values in all columns begins."""
    begins = np.zeros(len(columns[0]), bool)
    begins[0] = True
    for column in columns:
        begins[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(begins)
