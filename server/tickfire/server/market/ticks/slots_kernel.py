"""Kernel that finds the slots of an entry that have subscribers."""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_i64, as_u8
from tickfire.store.schema import TICK_TRADE

_TICK_WORDS: Final = 4
SAW_TRADE: Final = 1
SAW_QUOTE: Final = 2


@kernel("int64(int64, int64, int64, int64, int64, int64)")
def find_listened(ticks: Any, slots: Any, count: Any, listened: Any, seen: Any, out: Any) -> Any:
    """Write the distinct slots that are listened to, in order of appearance; return their number.

    ``listened`` is uint8[slots], 0 for the slots to skip. ``seen`` is uint8[slots], scratch memory
    that is all 0 before and after. ``out`` is int64[count], each slot << 8 | its SAW_* bits.
    """
    t = as_i64(ticks)
    at = as_i64(slots)
    want = as_u8(listened)
    mark = as_u8(seen)
    o = as_i64(out)
    found = uint64(0)
    for i in range(uint64(count)):
        slot = uint64(at[i])
        if want[slot] == uint8(0):
            continue
        if mark[slot] == uint8(0):
            o[found] = int64(slot << uint64(8))
            found += uint64(1)
        kind = (uint64(t[i * uint64(_TICK_WORDS) + uint64(3)]) >> uint64(32)) & uint64(0xFF)
        if kind == uint64(TICK_TRADE):
            mark[slot] |= uint8(SAW_TRADE)
        else:
            mark[slot] |= uint8(SAW_QUOTE)
    for k in range(found):
        slot = uint64(o[k]) >> uint64(8)
        o[k] |= int64(mark[slot])
        mark[slot] = uint8(0)
    return int64(found)
