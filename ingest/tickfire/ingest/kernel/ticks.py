"""A TICK in memory: its key, and how one is written."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint64

from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64
from tickfire.store.schema import TICK

TICK_SIZE: Final = TICK.itemsize
TICK_WORDS: Final = TICK_SIZE // 8
TICK_SHIFT: Final = 5
"""log2 of `TICK_SIZE`."""
SIDE_NONE: Final = ord("N")


@helper
def tick_key(size_number: Any, tail: Any) -> Any:
    """Return the key of a tick's instrument, from the last two words of the TICK."""
    return int64(size_number >> uint64(32) | tail >> uint64(56) << uint64(32))


@helper
def put_tick(at: Any, ts: Any, price: Any, size_number: Any, tail: Any) -> None:
    """Write a TICK at an address; the caller counts it.

    ``size_number`` is instrument_id << 32 | size; ``tail`` holds the sequence and the last four
    bytes.
    """
    tick = as_i64(at)
    tick[0] = ts
    tick[1] = price
    tick[2] = int64(size_number)
    tick[3] = int64(tail)
