"""Kernel that makes MBP-10 records of the market's quotes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_MBP_1, RTYPE_MBP_10, SIZE_MBP_10
from tickfire.kernels.jit import helper, kernel
from tickfire.store.schema import BOOK_DEPTH

COMMON_WORDS: Final = 6
"""8-byte words before the levels."""
LEVEL_WORDS: Final = 4
SIZE_LASTS: Final = 31
"""log2 of the time, in ns, for which the size at a price stays the same."""
FACTOR: Final = 0x9E37_79B9_7F4A_7C15


@helper
def mixed(x: Any) -> Any:
    """Return a number that seems to be random, the same for the same argument."""
    z = uint64(x) * uint64(FACTOR)
    z = (z ^ z >> uint64(29)) * uint64(FACTOR)
    return z ^ z >> uint64(32)


@helper
def size_at(number: Any, price: Any, ts: Any, depth: Any) -> Any:
    """Return the size that rests at a price below the top: half of the typical one to twice that.

    Each price changes its size at times of its own.
    """
    seed = mixed(int64(price) ^ int64(number) << 48)
    age = (int64(ts) + int64(seed >> uint64(33))) >> SIZE_LASTS
    share = int64(mixed(int64(seed >> uint64(1)) ^ age) >> uint64(48)) % 150
    return max(int64(1), depth * (50 + share) // 100)


@kernel("int64(int64[::1], int64[::1], uint8[::1], int64[:, ::1], int64, int64[::1])")
def deepen(
    words: NDArray[np.int64],
    offsets: NDArray[np.int64],
    rtypes: NDArray[np.uint8],
    kinds: NDArray[np.int64],
    first_id: int,
    out: NDArray[np.int64],
) -> int:
    """Copy records, and follow each MBP-1 record of a quote by an MBP-10 record.

    Parameters
    ----------
    words, offsets, rtypes : int64[], int64[n + 1], uint8[n]
        The memory, the offsets and the types of a segment's records.
    kinds : int64[m, 3]
        The tick size (1e-9), the typical size of a level and of an order of each instrument.
    first_id : int
        The id of the first instrument; the others follow.
    out : int64[], out
        Room for the records and `SIZE_MBP_10` more bytes for each MBP-1 record.

    Returns
    -------
    int
        The number of words written.
    """
    at = 0
    for i in range(len(rtypes)):
        start = offsets[i] >> 3
        count = (offsets[i + 1] - offsets[i]) >> 3
        for k in range(count):
            out[at + k] = words[start + k]
        record = at
        at += count
        row = (out[record] >> 32) - first_id
        action = out[record + 3] >> 32 & 0xFF
        if rtypes[i] != RTYPE_MBP_1 or action == ACTION_TRADE or row < 0 or row >= len(kinds):
            continue
        for k in range(COMMON_WORDS + LEVEL_WORDS):
            out[at + k] = out[record + k]
        out[at] = out[record] & ~0xFFFF | (SIZE_MBP_10 >> 2 | RTYPE_MBP_10 << 8)
        bid = out[record + COMMON_WORDS]
        ask = out[record + COMMON_WORDS + 1]
        tick = kinds[row, 0]
        depth = kinds[row, 1]
        order = kinds[row, 2]
        ts = out[record + 1]
        for level in range(1, BOOK_DEPTH):
            w = at + COMMON_WORDS + level * LEVEL_WORDS
            bid_size = int64(0)
            ask_size = int64(0)
            out[w] = UNDEF_PRICE
            out[w + 1] = UNDEF_PRICE
            if bid != UNDEF_PRICE and bid - level * tick > 0:
                out[w] = bid - level * tick
                bid_size = size_at(row, out[w] // tick, ts, depth)
            if ask != UNDEF_PRICE:
                out[w + 1] = ask + level * tick
                ask_size = size_at(row, out[w + 1] // tick, ts, depth)
            out[w + 2] = bid_size | ask_size << 32
            bid_orders = (bid_size + order - 1) // order
            ask_orders = (ask_size + order - 1) // order
            out[w + 3] = bid_orders | ask_orders << 32
        at += SIZE_MBP_10 >> 3
    return at
