"""Kernel that converts trades to MBP-1 records with action T."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import RTYPE_MBP_1, RTYPE_TRADE, SIZE_MBP_1, SIZE_TRADE
from tickfire.kernels.jit import kernel

TOP_WORDS = (SIZE_MBP_1 - SIZE_TRADE) >> 3
WIDER = (SIZE_MBP_1 - SIZE_TRADE) >> 2
"""The increase of a record's length, in 4-byte words."""


@kernel("int64(int64[::1], int64[::1], uint8[::1], int64[:, ::1], int64, int64[::1])")
def widen(
    words: NDArray[np.int64],
    offsets: NDArray[np.int64],
    rtypes: NDArray[np.uint8],
    tops: NDArray[np.int64],
    first_id: int,
    out: NDArray[np.int64],
) -> int:
    """Copy records, and convert each trade to MBP-1 with the top of book that it met.

    Parameters
    ----------
    words, offsets, rtypes : int64[], int64[n + 1], uint8[n]
        The memory, the offsets and the types of a segment's records.
    tops : int64[m, 4], in and out
        The top of book of each instrument, as in MBP-1 records.
    first_id : int
        The id of the first instrument; the others follow.
    out : int64[], out
        Room for the records and four more words for each trade.

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
        row = (words[start] >> 32) - first_id
        if row >= 0 and row < len(tops):
            if rtypes[i] == RTYPE_MBP_1:
                for k in range(TOP_WORDS):
                    tops[row, k] = words[start + count - TOP_WORDS + k]
            elif rtypes[i] == RTYPE_TRADE:
                out[at] += WIDER + ((RTYPE_MBP_1 - RTYPE_TRADE) << 8)
                for k in range(TOP_WORDS):
                    out[at + count + k] = tops[row, k]
                count += TOP_WORDS
        at += count
    return at
