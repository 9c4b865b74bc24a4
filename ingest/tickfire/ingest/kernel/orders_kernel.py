"""Kernel over orders that were parsed before, by which order books are built again."""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from tickfire.ingest.kernel.order_record import BOOKS_FULL, take_order
from tickfire.ingest.kernel.parse_record import MBO, times_of
from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_i64, as_u8


@kernel("int64(int64, int64, int64, int64)")
def apply_orders(context: Any, records: Any, start: Any, end: Any) -> Any:
    """Apply whole MBO records in bytes [start, end) at an address; return the offset reached.

    It is less than ``end`` if a table of the books has no room.
    """
    c = as_i64(context)
    at = start
    while at < end:
        record = records + at
        ts, _ = times_of(record, uint64(MBO))
        if take_order(c, record, ts, records + end) == BOOKS_FULL:
            break
        at += int64(as_u8(record)[0]) << 2
    return at
