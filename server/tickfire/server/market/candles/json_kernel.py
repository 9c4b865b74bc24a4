"""From bars to JSON, for join replies of thousands of bars."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_i64, as_u8
from tickfire.server.market.ticks.encode_kernel import put_int, put_price

BAR_ROOM: Final = 176
"""More than one bar takes: 7 numbers of at most 22 characters, quotes, commas, brackets."""
_NS_PER_MS: Final = 1_000_000
_COLUMNS: Final = 9
_COMMA: Final = 44


@kernel("int64(int64, int64, int64)")
def encode_bars(bars: Any, count: Any, out: Any) -> Any:
    """Write int64[count, COLUMNS] as a JSON array of arrays to uint8[]; return the bytes written.

    ``out`` has room for BAR_ROOM bytes a bar, and two more.
    """
    b = as_i64(bars)
    o = as_u8(out)
    o[uint64(0)] = uint8(91)
    at = uint64(1)
    for i in range(uint64(count)):
        w = i * uint64(_COLUMNS)
        if i != uint64(0):
            o[at] = uint8(_COMMA)
            at += uint64(1)
        o[at] = uint8(91)
        at = put_int(o, at + uint64(1), b[w] // int64(_NS_PER_MS))
        for k in range(uint64(1), uint64(5)):
            o[at] = uint8(_COMMA)
            at = put_price(o, at + uint64(1), b[w + k])
        for k in range(uint64(5), uint64(7)):
            o[at] = uint8(_COMMA)
            at = put_int(o, at + uint64(1), b[w + k])
        o[at] = uint8(93)
        at += uint64(1)
    o[at] = uint8(93)
    return int64(at + uint64(1))
