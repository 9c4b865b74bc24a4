"""DBN records of the simulated market, written field by field."""

from __future__ import annotations

from typing import Any

from numba import uint32

from tickfire.ingest.gateway.market.parameters import (
    I_BEGIN,
    I_RECV,
    I_SEQUENCE,
    I_TIME,
    Q_ASK,
    Q_ASK_SIZE,
    Q_BID,
    Q_BID_SIZE,
    Q_TICK,
)
from tickfire.kernels.jit import helper


@helper
def write_base(
    out: Any, at: Any, size: Any, rtype: Any, number: Any, ints: Any, delay: Any
) -> None:
    """Write the header, the times and the sequence of a record.

    ``out`` is (uint32[], int64[]), two views of one output.
    """
    out4, out8 = out
    w = at >> 2
    q = at >> 3
    ints[I_SEQUENCE] += 1
    out4[w] = uint32(size >> 2 | rtype << 8)
    out4[w + 1] = uint32(number)
    out8[q + 1] = ints[I_BEGIN] + ints[I_TIME]
    out8[q + 4] = ints[I_RECV]
    out4[w + 10] = uint32(delay)
    out4[w + 11] = uint32(ints[I_SEQUENCE])


@helper
def write_event(
    out: Any, at: Any, price: Any, size: Any, action: Any, side: Any, flags: Any
) -> None:
    """Write the price (1e-9), size, action, side and flags of a record; its depth is 0."""
    out4, out8 = out
    out8[(at >> 3) + 2] = price
    out4[(at >> 2) + 6] = uint32(size)
    out4[(at >> 2) + 7] = uint32(action | side << 8 | flags << 16)


@helper
def write_top(out: Any, at: Any, quotes: Any, i: Any, lot: Any) -> None:
    """Write the top of the book of a record."""
    out4, out8 = out
    q = at >> 3
    w = at >> 2
    out8[q + 6] = quotes[i, Q_BID] * quotes[i, Q_TICK]
    out8[q + 7] = quotes[i, Q_ASK] * quotes[i, Q_TICK]
    out4[w + 16] = uint32(quotes[i, Q_BID_SIZE])
    out4[w + 17] = uint32(quotes[i, Q_ASK_SIZE])
    out4[w + 18] = uint32(1 + quotes[i, Q_BID_SIZE] // (2 * lot))
    out4[w + 19] = uint32(1 + quotes[i, Q_ASK_SIZE] // (2 * lot))
