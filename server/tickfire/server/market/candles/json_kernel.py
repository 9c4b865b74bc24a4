"""Kernel that writes bars as JSON, for join replies of thousands of bars."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.base.units import NS_PER_MS
from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_i64, as_u8
from tickfire.server.market.candles.series import CLOSE, COLUMNS, OPEN, START, TRADES, VOLUME
from tickfire.server.market.json_text import put_int, put_price

BAR_ROOM: Final = 200
"""Bytes that no bar exceeds: 8 numbers of at most 22 characters, quotes, commas and brackets."""
_COMMA: Final = ord(",")
_OPENING: Final = ord("[")
_CLOSING: Final = ord("]")


@kernel("int64(int64, int64, int64, int64)")
def encode_bars(bars: Any, vwaps: Any, count: Any, out: Any) -> Any:
    """Write int64[count, COLUMNS] as a JSON array of arrays; return the number of bytes.

    ``vwaps`` is the address of int64[count], UNDEF_PRICE for null, and ``out`` that of
    uint8[count * BAR_ROOM + 2] or more.
    """
    b = as_i64(bars)
    means = as_i64(vwaps)
    o = as_u8(out)
    o[uint64(0)] = uint8(_OPENING)
    at = uint64(1)
    for i in range(uint64(count)):
        w = i * uint64(COLUMNS)
        if i != uint64(0):
            o[at] = uint8(_COMMA)
            at += uint64(1)
        o[at] = uint8(_OPENING)
        at = put_int(o, at + uint64(1), b[w + uint64(START)] // int64(NS_PER_MS))
        for k in range(uint64(OPEN), uint64(CLOSE + 1)):
            o[at] = uint8(_COMMA)
            at = put_price(o, at + uint64(1), b[w + k])
        for k in range(uint64(VOLUME), uint64(TRADES + 1)):
            o[at] = uint8(_COMMA)
            at = put_int(o, at + uint64(1), b[w + k])
        o[at] = uint8(_COMMA)
        at = put_price(o, at + uint64(1), means[i])
        o[at] = uint8(_CLOSING)
        at += uint64(1)
    o[at] = uint8(_CLOSING)
    return int64(at + uint64(1))
