"""Kernel that finds the boundaries of records, each of which begins with its length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import HEADER_SIZE
from tickfire.kernels.jit import kernel


@kernel("int64(uint8[::1], int64)")
def walk(buffer: NDArray[np.uint8], end: int) -> int:
    """Return the offset at which the whole, well-formed records of a buffer end.

    At that offset the bytes end, or there is a part of a record, or a record with an impossible
    length: less than 16, or not a multiple of 8.

    Parameters
    ----------
    buffer : uint8[n]
        Records from offset 0.
    end : int
        The number of bytes in use.
    """
    at = 0
    while at + HEADER_SIZE <= end:
        size = int(buffer[at]) << 2
        if size < HEADER_SIZE or size & 7 or at + size > end:
            break
        at += size
    return at


@kernel("int64(uint8[::1], boolean[::1], int64[::1], int64[::1])")
def index_records(
    buffer: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    counts: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> int:
    """Count the records of each type, and write the offsets of the wanted ones.

    Parameters
    ----------
    buffer : uint8[n]
        Whole, well-formed records.
    wanted : bool[256]
        Whether the records of a type are wanted.
    counts : int64[256]
        The number of records of each type, to which those of the buffer are added.
    offsets : int64[n / 16]
        Output.

    Returns
    -------
    int
        The number of wanted records.
    """
    at = 0
    found = 0
    while at < len(buffer):
        rtype = buffer[at + 1]
        counts[rtype] += 1
        if wanted[rtype]:
            offsets[found] = at
            found += 1
        at += int(buffer[at]) << 2
    return found
