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
