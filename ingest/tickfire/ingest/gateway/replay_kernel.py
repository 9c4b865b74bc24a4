"""Kernels that index a chunk of records, and copy the records that a session gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import (
    HEADER_SIZE,
    RTYPE_ERROR,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
)
from tickfire.kernels.jit import kernel


@kernel("int64(uint8[::1], int64[::1], uint8[::1], int64, int64[::1], uint8[::1], int64[::1])")
def survey(
    data: NDArray[np.uint8],
    words: NDArray[np.int64],
    recv_offsets: NDArray[np.uint8],
    clock: int,
    offsets: NDArray[np.int64],
    rtypes: NDArray[np.uint8],
    clocks: NDArray[np.int64],
) -> int:
    """Find the records of a chunk, their types, and the replay clock at each.

    The clock is the latest receive time so far, or event time of records without one. It never
    goes back, and control records do not advance it.

    Parameters
    ----------
    data : uint8[n]
        Well-formed records; 8-aligned.
    words : int64[n / 8]
        The same memory.
    recv_offsets : uint8[256]
        The offset of ``ts_recv`` by rtype; 0 if a type has none.
    clock : int
        The clock at the record before, in ns since the Unix epoch; 0 before the first data.
    offsets : int64[m + 1], out
        The offset of each record, and the end of the last.
    rtypes, clocks : uint8[m], int64[m], out
        m >= n / 16.

    Returns
    -------
    int
        The number of records.
    """
    end = len(data)
    at = 0
    count = 0
    while at + HEADER_SIZE <= end:
        size = int(data[at]) << 2
        if size < HEADER_SIZE or size & 7 or at + size > end:
            break
        rtype = data[at + 1]
        if rtype != RTYPE_ERROR and rtype != RTYPE_SYMBOL_MAPPING and rtype != RTYPE_SYSTEM:
            # An undefined time, 2**64 - 1, is negative here and advances nothing.
            recv = int(recv_offsets[rtype])
            time = 0
            if recv != 0 and recv + 8 <= size:
                time = int(words[(at + recv) >> 3])
            if time <= 0:
                time = int(words[(at + 8) >> 3])
            if time > clock:
                clock = time
        offsets[count] = at
        rtypes[count] = rtype
        clocks[count] = clock
        count += 1
        at += size
    offsets[count] = at
    return count


@kernel("int64(int64[::1], int64[::1], boolean[::1], int64, int64, int64, int64, int64[::1])")
def gather(
    words: NDArray[np.int64],
    offsets: NDArray[np.int64],
    keep: NDArray[np.bool_],
    first: int,
    last: int,
    cut: int,
    ts_out: int,
    out: NDArray[np.int64],
) -> int:
    """Copy the kept records, and append the time of sending to each.

    Parameters
    ----------
    words : int64[n / 8]
        The memory of the chunk.
    offsets : int64[m + 1]
        As written by `survey`.
    keep : bool[m]
    first, last : int
        The range of records: first <= i < last.
    cut : int
        The number of 8-byte words to cut off the end of each record.
    ts_out : int
        The time to append, in ns since the Unix epoch; 0 appends nothing.
    out : int64[], out
        Room for the records and one more word for each.

    Returns
    -------
    int
        The number of words written.
    """
    at = 0
    grow = (1 if ts_out else 0) - cut
    for i in range(first, last):
        if keep[i]:
            start = offsets[i] >> 3
            count = ((offsets[i + 1] - offsets[i]) >> 3) - cut
            for k in range(count):
                out[at + k] = words[start + k]
            out[at] += grow * 2  # the length, in 4-byte words, is the lowest byte
            at += count
            if ts_out:
                out[at] = ts_out
                at += 1
    return at
