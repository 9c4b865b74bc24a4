"""Walk DBN records in place: length, type, instrument, top of book, bars, ticks out.

One call takes a whole socket read. The kernel reads memory by address, without bounds checks, so
each record is validated before any view of it: its length is a multiple of 8, at least 16 and
within the bytes at hand, and at least the size of its type. What is not understood is skipped by
its length and counted; only an impossible length stops the walk for good.

It comes back early, at a record boundary, when an output is full, and before and after symbol
mappings and definitions: the caller takes the outputs and calls again, and their order is kept.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.context import (
    COUNT_BARS,
    COUNT_RECORDS,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICK_ROOM,
    COUNT_TICKS,
    CTX_BAR_CAPACITY,
    CTX_BLANK,
    CTX_BUFFER,
    CTX_COUNTERS,
    CTX_FEED,
    CTX_HASH_MASK,
    CTX_POSITIONS,
    CTX_SHARDS,
    CTX_TABLE,
    CTX_TICK_CAPACITY,
    CTX_TICKS,
    CTX_TRADES_ONLY,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_KEY,
    STOP_NONE,
)
from tickfire.ingest.kernel.fold_kernel import (
    BARS_PER_TRADE,
    SIDE_NONE,
    TICK_SIZE,
    apply_side,
    apply_trade,
    home_of,
    in_running_second,
    probe,
    put_tick,
)
from tickfire.ingest.kernel.parse_record import (
    ACTION_CLEAR,
    ACTION_TRADE,
    LATEST_NS,
    any_record,
    next_n,
    plausible,
)
from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_i64, as_u8, as_u32, prefetch
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_TRADE

PREFETCH: Final = 2048
TICKS_PER_RECORD: Final = 3
"""A trade and both sides of the top of book."""

# Length and type of a record as its first 16 bits hold them. Bit 1 is masked out: with ts_out a
# record is two words of 4 bytes longer.
TRADE_HEAD: Final = 48 // 4
MBP_1_HEAD: Final = 80 // 4 | 1 << 8
MBO_HEAD: Final = 56 // 4 | 160 << 8
HEAD_MASK: Final = 0xFFFF & ~2
HIGH_HALF: Final = 0xFFFFFFFF_00000000
LOW_HALF: Final = 0xFFFFFFFF
FLAGS: Final = 0x00FF0000_00000000
SIDE_FLAGS: Final = 0x00FFFF00_00000000


@helper
def common_records(c: Any, record: Any, safe: Any, one_shard: Any, sides: Any) -> Any:
    """Parse common records from an address on; return the address of the first other one."""
    if record > safe:
        return record
    cnt = as_i64(c[CTX_COUNTERS])
    positions = as_i64(c[CTX_POSITIONS])
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    feed_key = c[CTX_FEED] << 32
    feed = uint64(c[CTX_FEED]) << uint64(56)
    bar_room = c[CTX_BAR_CAPACITY] - BARS_PER_TRADE
    # Locals: the compiler cannot know that no store aliases a counter.
    out = c[CTX_TICKS] + cnt[COUNT_TICKS] * TICK_SIZE
    full = c[CTX_TICKS] + cnt[COUNT_TICK_ROOM] * TICK_SIZE
    base = positions[0] - (out >> 5) + 1
    due = uint64(max(min(cnt[COUNT_SWEEP_AT], LATEST_NS) - 1, 0))
    ts_out = as_i64(record)[0] & 2
    trade_head = TRADE_HEAD | ts_out
    mbp_1_head = MBP_1_HEAD | ts_out
    next_at = table[home_of(int64(as_u32(record)[1]) | feed_key, mask)]
    while record <= safe and out < full:
        b1 = as_u8(record)
        b4 = as_u32(record)
        b8 = as_i64(record)
        prefetch(record + PREFETCH)
        head = b8[0] & 0xFFFF
        if head != mbp_1_head and head != trade_head:
            break
        ts = b8[1]
        if uint64(b8[4] - 1) >= due:
            break
        at = next_at
        key = int64(b4[1]) | feed_key
        if as_i64(at)[ROW_KEY] != key:
            at = probe(c, key)
            if at == c[CTX_BLANK]:
                break
        row = as_i64(at)
        after = record + (int64(b1[0]) << 2)
        next_at = table[home_of(int64(as_u32(after)[1]) | feed_key, mask)]
        action = b1[28]
        if action == uint8(ACTION_TRADE):
            price = b8[2]
            if price == UNDEF_PRICE:
                break
            if not in_running_second(at, ts) and (cnt[COUNT_BARS] > bar_room or not plausible(ts)):
                break
            n = next_n(at, out, one_shard, base, positions)
            size = uint64(b4[6])
            apply_trade(c, at, ts, price, int64(size), n)
            tail = uint64(b8[3]) & uint64(SIDE_FLAGS) | uint64(b4[11])
            number = uint64(b4[1]) << uint64(32)
            put_tick(out, ts, price, number | size, tail | feed | uint64(TICK_TRADE << 32))
            out += TICK_SIZE
        elif action == uint8(ACTION_CLEAR):
            break
        if sides and b1[1] != uint8(0):
            price = b8[6]
            size = uint64(b4[16])
            if price != row[ROW_BID] or int64(size) != row[ROW_BID_SIZE]:
                if not plausible(ts):
                    break
                n = next_n(at, out, one_shard, base, positions)
                tail = uint64(b1[30]) << uint64(48) | uint64(b4[11])
                number = uint64(b4[1]) << uint64(32)
                tail |= feed | uint64(SIDE_NONE << 40 | TICK_BID << 32)
                put_tick(out, ts, price, number | size, tail)
                apply_side(at, ROW_BID, ROW_BID_SIZE, ts, price, int64(size), n)
                out += TICK_SIZE
            price = b8[7]
            size = uint64(b4[17])
            if price != row[ROW_ASK] or int64(size) != row[ROW_ASK_SIZE]:
                if not plausible(ts):
                    break
                n = next_n(at, out, one_shard, base, positions)
                tail = uint64(b1[30]) << uint64(48) | uint64(b4[11])
                number = uint64(b4[1]) << uint64(32)
                tail |= feed | uint64(SIDE_NONE << 40 | TICK_ASK << 32)
                put_tick(out, ts, price, number | size, tail)
                apply_side(at, ROW_ASK, ROW_ASK_SIZE, ts, price, int64(size), n)
                out += TICK_SIZE
        cnt[COUNT_RECORDS] += 1
        record = after
    if one_shard:
        positions[0] = (out >> 5) + base - 1
    cnt[COUNT_TICKS] = (out - c[CTX_TICKS]) >> 5
    return record


@kernel("int64(int64, int64, int64)")
def walk(context: Any, start: Any, end: Any) -> Any:
    """Parse the records in the buffer's bytes [start, end); return the offset reached.

    ``start`` is a multiple of 8. The stop counter says why it came back (``STOP_*``).
    """
    c = as_i64(context)
    cnt = as_i64(c[CTX_COUNTERS])
    cnt[COUNT_TICK_ROOM] = c[CTX_TICK_CAPACITY] - TICKS_PER_RECORD + 1
    cnt[COUNT_STOP] = STOP_NONE
    one_shard = c[CTX_SHARDS] == 1
    sides = c[CTX_TRADES_ONLY] == 0
    record = c[CTX_BUFFER] + start
    last = c[CTX_BUFFER] + end
    while cnt[COUNT_STOP] == STOP_NONE:
        if one_shard and sides:
            record = common_records(c, record, last - 96, True, True)
        else:
            record = common_records(c, record, last - 96, one_shard, sides)
        record = any_record(c, record, last)
    return record - c[CTX_BUFFER]
