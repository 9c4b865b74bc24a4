"""Ticks of one record: numbered, written to the output and applied to the instrument's row."""

from __future__ import annotations

from typing import Any

from numba import int64, uint32, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import LATEST_NS, UNDEF_SIZE
from tickfire.ingest.kernel.apply import apply_clear, apply_side, apply_trade
from tickfire.ingest.kernel.context import (
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
)
from tickfire.ingest.kernel.ticks import SIDE_NONE, TICK_SHIFT, TICK_SIZE, put_tick
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_i64, as_u32
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE


@helper
def plausible(ts: Any) -> Any:
    """Return whether a time is after 1970 and not after `LATEST_NS`."""
    return uint64(ts - 1) < uint64(LATEST_NS)


@helper
def defined_size(size: Any) -> Any:
    """Return a size as uint64, 0 if it is undefined."""
    return uint64(0) if size == uint32(UNDEF_SIZE) else uint64(size)


@helper
def next_position(at: Any, out: Any, numbering: Any) -> Any:
    """Return the position of the tick at ``out``.

    ``numbering`` is (one_shard, base, positions). With one shard the position follows from the
    address; otherwise the counter of the row's shard is advanced.
    """
    one_shard, base, positions = numbering
    if one_shard:
        return (out >> TICK_SHIFT) + base
    shard = as_u32(at)[2 * ROW_CLEARED + 1]
    position = positions[shard] + 1
    positions[shard] = position
    return position


@helper
def emit_trade(
    c: Any,
    at: Any,
    out: Any,
    ts: Any,
    price: Any,
    number: Any,
    size: Any,
    tail: Any,
    numbering: Any,
) -> Any:
    """Write the tick of a trade, and apply it; return where the next tick goes.

    ``number`` is instrument_id << 32; ``tail`` is the last word of the TICK without its kind.
    """
    position = next_position(at, out, numbering)
    traded = defined_size(size)
    apply_trade(c, at, ts, price, int64(traded), position)
    put_tick(out, ts, price, number | traded, tail | uint64(TICK_TRADE << 32))
    return out + TICK_SIZE


@helper
def emit_clear(at: Any, out: Any, ts: Any, number: Any, tail: Any, numbering: Any) -> Any:
    """Write the tick of a clear, and apply it; return where the next tick goes."""
    position = next_position(at, out, numbering)
    put_tick(out, ts, UNDEF_PRICE, number, tail | uint64(SIDE_NONE << 40 | TICK_CLEAR << 32))
    apply_clear(at, position, 0)
    return out + TICK_SIZE


@helper
def emit_top(
    at: Any, out: Any, ts: Any, number: Any, tail: Any, numbering: Any, bid: Any, ask: Any
) -> Any:
    """Write a tick for each side of the top of book that has changed, and apply it.

    ``bid`` and ``ask`` are (price, size), the size as uint64. Returns where the next tick goes.
    ``tail`` is the last word of the TICK without side and kind.
    """
    row = as_i64(at)
    price, size = bid
    if price != row[ROW_BID] or int64(size) != row[ROW_BID_SIZE]:
        position = next_position(at, out, numbering)
        put_tick(out, ts, price, number | size, tail | uint64(SIDE_NONE << 40 | TICK_BID << 32))
        apply_side(at, ROW_BID, ROW_BID_SIZE, ts, price, int64(size), position)
        out += TICK_SIZE
    price, size = ask
    if price != row[ROW_ASK] or int64(size) != row[ROW_ASK_SIZE]:
        position = next_position(at, out, numbering)
        put_tick(out, ts, price, number | size, tail | uint64(SIDE_NONE << 40 | TICK_ASK << 32))
        apply_side(at, ROW_ASK, ROW_ASK_SIZE, ts, price, int64(size), position)
        out += TICK_SIZE
    return out


@helper
def sides_of(record: Any) -> Any:
    """Return the bid and the ask that a record holds, each as (price, size)."""
    b4 = as_u32(record)
    b8 = as_i64(record)
    return (b8[6], defined_size(b4[16])), (b8[7], defined_size(b4[17]))


@helper
def emit_sides(
    record: Any, at: Any, out: Any, ts: Any, number: Any, tail: Any, numbering: Any
) -> Any:
    """Write and apply the ticks of the top of book that a record holds; see `emit_top`."""
    bid, ask = sides_of(record)
    return emit_top(at, out, ts, number, tail, numbering, bid, ask)
