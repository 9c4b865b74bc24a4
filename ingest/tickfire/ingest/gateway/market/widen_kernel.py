"""Trades as MBP-1 records with action T, the form they have in the schema mbp-1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import RTYPE_MBP_1, RTYPE_TRADE, SIZE_MBP_1, SIZE_TRADE
from tickfire.kernels.jit import kernel

BOOK_WORDS = (SIZE_MBP_1 - SIZE_TRADE) >> 3
WIDER = (SIZE_MBP_1 - SIZE_TRADE) >> 2
"""By so much the length of a record grows, in its 4-byte words."""


@kernel("int64(int64[::1], int64[::1], uint8[::1], int64[:, ::1], int64, int64[::1])")
def widen(
    words: NDArray[np.int64],
    offsets: NDArray[np.int64],
    rtypes: NDArray[np.uint8],
    books: NDArray[np.int64],
    first_id: int,
    out: NDArray[np.int64],
) -> int:
    """Copy records; give each trade the top of the book that it met, and make it MBP-1.

    Parameters
    ----------
    words, offsets, rtypes : int64[], int64[n + 1], uint8[n]
        A segment.
    books : int64[m, 4], in and out
        The last levels of each instrument, as MBP-1 records hold them.
    first_id : int
        The instrument of the first book; the others follow.
    out : int64[], out
        Takes the records, with four words more for each trade.

    Returns
    -------
    int
        Words written.
    """
    at = 0
    for i in range(len(rtypes)):
        start = offsets[i] >> 3
        count = (offsets[i + 1] - offsets[i]) >> 3
        for k in range(count):
            out[at + k] = words[start + k]
        row = (words[start] >> 32) - first_id
        if row >= 0 and row < len(books):
            if rtypes[i] == RTYPE_MBP_1:
                for k in range(BOOK_WORDS):
                    books[row, k] = words[start + count - BOOK_WORDS + k]
            elif rtypes[i] == RTYPE_TRADE:
                out[at] += WIDER + ((RTYPE_MBP_1 - RTYPE_TRADE) << 8)
                for k in range(BOOK_WORDS):
                    out[at + count + k] = books[row, k]
                count += BOOK_WORDS
        at += count
    return at
