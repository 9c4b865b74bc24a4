"""Bars as the JSON of candles."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tickfire.base.units import decimal, decimal_or_none, milliseconds
from tickfire.kernels.pointers import address_of
from tickfire.server.market.candles.json_kernel import BAR_ROOM, encode_bars
from tickfire.server.market.candles.series import COLUMNS, Bars, vwaps_of


def bars_as_json(bars: Bars) -> msgspec.Raw:
    """Return ``[[time, "open", "high", "low", "close", volume, trades, "vwap"], ...]``.

    Parameters
    ----------
    bars : int64[n, COLUMNS]

    Raises
    ------
    TypeError
        The array has another shape or type.
    """
    rows = np.ascontiguousarray(bars)
    if rows.dtype != np.int64 or rows.shape[1:] != (COLUMNS,):
        raise TypeError(f"bars must be int64[n, {COLUMNS}], not {rows.dtype}{list(rows.shape)}")
    means = vwaps_of(rows)
    out = np.empty(len(rows) * BAR_ROOM + 2, np.uint8)
    used = encode_bars(address_of(rows), address_of(means), len(rows), address_of(out))
    return msgspec.Raw(out[: int(used)].tobytes())


def bar_as_json(bar: tuple[int, ...]) -> dict[str, Any]:
    """Return the fields of a ``candle`` event that describe the bar itself."""
    start, open_, high, low, close, volume, trades = bar[:7]
    (mean,) = vwaps_of(np.array([bar], np.int64)).tolist()
    return {
        "time": milliseconds(start),
        "open": decimal(open_),
        "high": decimal(high),
        "low": decimal(low),
        "close": decimal(close),
        "volume": volume,
        "trades": trades,
        "vwap": decimal_or_none(mean),
    }
