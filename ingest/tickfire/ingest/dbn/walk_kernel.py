"""Find the boundaries of records: each begins with its own length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import HEADER_SIZE
from tickfire.kernels.jit import kernel


@kernel("int64(uint8[::1], int64)")
def walk(buffer: NDArray[np.uint8], end: int) -> int:
    """Return where the whole, well-formed records of a buffer end.

    At the returned offset there is nothing, a part of a record, or a record whose length cannot
    be: under 16 or not a multiple of 8.

    Parameters
    ----------
    buffer : uint8[n]
        Records from offset 0.
    end : int
        Bytes of it that are filled.
    """
    at = 0
    while at + HEADER_SIZE <= end:
        size = int(buffer[at]) << 2
        if size < HEADER_SIZE or size & 7 or at + size > end:
            break
        at += size
    return at
