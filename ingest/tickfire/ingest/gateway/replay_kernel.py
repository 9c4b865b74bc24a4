"""Survey a chunk of records, and copy those of it that a session gets."""

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
    """Find the records of a chunk, their types and the replay clock at each.

    The clock is the latest receive time so far (event time where a record has none): a step
    back is no step, and control records do not move it.

    Parameters
    ----------
    data : uint8[n]
        Well-formed records; 8-aligned.
    words : int64[n / 8]
        The same memory.
    recv_offsets : uint8[256]
        Of ``ts_recv`` by rtype; 0: none.
    clock : int
        ns since the Unix epoch, of the record before; 0: no data yet.
    offsets : int64[m + 1], out
        Of each record, and the end of the last.
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
            # An undefined time is 2**64 - 1, negative here: it moves nothing.
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
    """Copy the kept records, with the time of sending appended.

    Parameters
    ----------
    words : int64[n / 8]
        A chunk's memory.
    offsets : int64[m + 1]
        As `survey` writes them.
    keep : bool[m]
    first, last : int
        Records to look at: first <= i < last.
    cut : int
        8-byte words to leave off each record's end.
    ts_out : int
        ns since the Unix epoch to append; 0: nothing.
    out : int64[], out
        Takes the records, with one word more for each.

    Returns
    -------
    int
        Words written.
    """
    at = 0
    grow = (1 if ts_out else 0) - cut
    for i in range(first, last):
        if keep[i]:
            start = offsets[i] >> 3
            count = ((offsets[i + 1] - offsets[i]) >> 3) - cut
            for k in range(count):
                out[at + k] = words[start + k]
            out[at] += grow * 2  # the length is the lowest byte, in 4-byte words
            at += count
            if ts_out:
                out[at] = ts_out
                at += 1
    return at
