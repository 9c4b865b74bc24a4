"""Bars as clients see them."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tickfire.base.units import decimal, milliseconds
from tickfire.server.market.candles.json_kernel import BAR_ROOM, encode_bars
from tickfire.server.market.candles.series import COLUMNS, Bars


def bars_as_json(bars: Bars) -> msgspec.Raw:
    """Return ``[[time, "open", "high", "low", "close", volume, trades], ...]``.

    Parameters
    ----------
    bars : int64[n, COLUMNS]
    """
    rows = np.ascontiguousarray(bars)
    if rows.dtype != np.int64 or rows.shape[1:] != (COLUMNS,):
        raise TypeError(f"bars are int64[n, {COLUMNS}]")
    out = np.empty(len(rows) * BAR_ROOM + 2, np.uint8)
    used = encode_bars(rows.ctypes.data, len(rows), out.ctypes.data)
    return msgspec.Raw(out[: int(used)].tobytes())


def bar_as_json(bar: tuple[int, ...]) -> dict[str, Any]:
    """Return one bar's part of a ``candle`` event, of a Piece or a row of Bars."""
    start, open_, high, low, close, volume, trades = bar[:7]
    return {
        "time": milliseconds(start),
        "open": decimal(open_),
        "high": decimal(high),
        "low": decimal(low),
        "close": decimal(close),
        "volume": volume,
        "trades": trades,
    }
