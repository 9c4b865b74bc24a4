"""Kernel that finds the records of some types, and counts those of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.jit import kernel


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
