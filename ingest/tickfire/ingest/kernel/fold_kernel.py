"""Kernels over ticks that were parsed before, and over all instruments.

The server, and an ingest process that restarts, fold the ticks that they read from the stream with
the functions that ingest applies to each record it parses. Because the code is the same, a
snapshot and the ticks that follow it always agree.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.apply import (
    BARS_PER_TRADE,
    LOW_HALF,
    apply_clear,
    apply_side,
    apply_trade,
    close_minute,
    close_second,
    sweep,
)
from tickfire.ingest.kernel.context import (
    COUNT_BARS,
    COUNT_INSTRUMENTS,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICKS,
    CTX_BAR_CAPACITY,
    CTX_BUFFER,
    CTX_COUNTERS,
    CTX_POSITIONS,
    CTX_STATE,
    CTX_TICKS,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
    ROW_KEY,
    ROW_LAST_TS,
    ROW_POSITION,
    ROW_QUOTE_TS,
    STOP_BARS,
    STOP_END,
    STOP_INSTRUMENTS,
)
from tickfire.ingest.kernel.rows import ROW_SIZE, find_row, row_at
from tickfire.ingest.kernel.ticks import SIDE_NONE, TICK_SIZE, TICK_WORDS, put_tick, tick_key
from tickfire.kernels.jit import kernel
from tickfire.kernels.pointers import as_i64, as_u32
from tickfire.store.schema import CLEAR_BEGINS_AGAIN, TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE


@kernel("int64(int64, int64, int64, int64)")
def fold_ticks(context: Any, start: Any, count: Any, first: Any) -> Any:
    """Fold TICK[start:count] of the buffer, where ``first`` is the position of TICK[0].

    A tick that its row includes already, by its position, is skipped. Returns the index reached:
    less than ``count`` if an output or the table is full, as the stop counter tells.
    """
    c = as_i64(context)
    t = as_i64(c[CTX_BUFFER])
    cnt = as_i64(c[CTX_COUNTERS])
    cnt[COUNT_STOP] = STOP_END
    i = start
    while i < count:
        w = uint64(i) * uint64(TICK_WORDS)
        tail = uint64(t[w + uint64(3)])
        size_number = uint64(t[w + uint64(2)])
        if cnt[COUNT_BARS] + BARS_PER_TRADE > c[CTX_BAR_CAPACITY]:
            cnt[COUNT_STOP] = STOP_BARS
            break
        at = find_row(c, tick_key(size_number, tail))
        if at == 0:
            cnt[COUNT_STOP] = STOP_INSTRUMENTS
            break
        position = first + i
        if position > as_i64(at)[ROW_POSITION]:
            kind = tail >> uint64(32) & uint64(0xFF)
            ts = t[w]
            price = t[w + uint64(1)]
            size = int64(size_number & uint64(LOW_HALF))
            if kind == uint64(TICK_TRADE):
                apply_trade(c, at, ts, price, size, position)
            elif kind == uint64(TICK_BID):
                apply_side(at, ROW_BID, ROW_BID_SIZE, ts, price, size, position)
            elif kind == uint64(TICK_ASK):
                apply_side(at, ROW_ASK, ROW_ASK_SIZE, ts, price, size, position)
            elif kind == uint64(TICK_CLEAR):
                apply_clear(at, position, int64(size == CLEAR_BEGINS_AGAIN))
        i += 1
    return i


@kernel("int64(int64, int64, int64, int64)")
def find_slots(context: Any, start: Any, count: Any, out: Any) -> Any:
    """Write the row index of each of TICK[start:count] of the buffer to int64[count].

    Rows are added for new instruments. Returns the index reached: less than ``count`` if the table
    of instruments is full.
    """
    c = as_i64(context)
    t = as_i64(c[CTX_BUFFER])
    cnt = as_i64(c[CTX_COUNTERS])
    slots = as_i64(out)
    cnt[COUNT_STOP] = STOP_END
    i = start
    while i < count:
        w = uint64(i) * uint64(TICK_WORDS)
        at = find_row(c, tick_key(uint64(t[w + uint64(2)]), uint64(t[w + uint64(3)])))
        if at == 0:
            cnt[COUNT_STOP] = STOP_INSTRUMENTS
            break
        slots[uint64(i)] = int64(uint64(at - c[CTX_STATE]) // uint64(ROW_SIZE))
        i += 1
    return i


@kernel("int64(int64)")
def close_all(context: Any) -> Any:
    """Close every running bar; return how many bars are in the output.

    The output must have room for two bars of each instrument.
    """
    c = as_i64(context)
    cnt = as_i64(c[CTX_COUNTERS])
    for slot in range(cnt[COUNT_INSTRUMENTS]):
        at = row_at(c, slot)
        close_second(c, at)
        close_minute(c, at)
    return cnt[COUNT_BARS]


@kernel("int64(int64, int64)")
def close_due(context: Any, feed_time: Any) -> Any:
    """Close the bars that ended by feed time (ns); return how many bars are in the output.

    The output must have room for two bars of each instrument.
    """
    c = as_i64(context)
    sweep(c, feed_time)
    return as_i64(c[CTX_COUNTERS])[COUNT_BARS]


@kernel("int64(int64, int64)")
def clear_all(context: Any, again: Any) -> Any:
    """Write a clear for every instrument; return how many ticks are in the output.

    ``again`` is 1 if the feed begins again.

    The output must have room for one tick of each instrument.
    """
    c = as_i64(context)
    cnt = as_i64(c[CTX_COUNTERS])
    positions = as_i64(c[CTX_POSITIONS])
    for slot in range(cnt[COUNT_INSTRUMENTS]):
        at = row_at(c, slot)
        row = as_i64(at)
        shard = as_u32(at)[2 * ROW_CLEARED + 1]
        positions[shard] += 1
        key = uint64(row[ROW_KEY])
        tail = key >> uint64(32) << uint64(56) | uint64(SIDE_NONE << 40 | TICK_CLEAR << 32)
        put_tick(
            c[CTX_TICKS] + cnt[COUNT_TICKS] * TICK_SIZE,
            max(row[ROW_LAST_TS], row[ROW_QUOTE_TS]),
            UNDEF_PRICE,
            key << uint64(32) | uint64(again * CLEAR_BEGINS_AGAIN),
            tail,
        )
        cnt[COUNT_TICKS] += 1
        apply_clear(at, positions[shard], again)
    cnt[COUNT_SWEEP_AT] = 0
    return cnt[COUNT_TICKS]
