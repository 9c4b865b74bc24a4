"""Kernel that parses DBN records in place into ticks, bars and instrument state.

One call can parse everything that was read from a socket. The kernel reads memory by address,
without bounds checks, so it validates each record before it reads its fields: the length must be
a multiple of 8, at least 16, within the available bytes and at least the size of the record's
type. Records of unknown types are counted and skipped. Only an invalid length ends the session.

The kernel returns early, at the boundary of a record, if an output is full, and before and after
symbol mappings and definitions. The caller takes the outputs and calls again, which keeps records
and ticks in order.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint32, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import (
    ACTION_CLEAR,
    ACTION_TRADE,
    LATEST_NS,
    RTYPE_MBP_1,
    RTYPE_TRADE,
    SIZE_MBP_1,
    SIZE_TRADE,
    TS_OUT_SIZE,
)
from tickfire.ingest.kernel.apply import BARS_PER_TRADE, in_running_second
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
    ROW_KEY,
    ROW_PUBLISHER,
    STOP_NONE,
)
from tickfire.ingest.kernel.emit import emit_sides, emit_trade, plausible
from tickfire.ingest.kernel.parse_record import any_records
from tickfire.ingest.kernel.rows import home_of, probe
from tickfire.ingest.kernel.ticks import TICK_SHIFT, TICK_SIZE
from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_i64, as_u8, as_u32, prefetch

PREFETCH: Final = 2048
"""Distance, in bytes, at which memory is prefetched ahead of a record."""
TICKS_PER_RECORD: Final = 4
"""Maximum ticks of a record: both sides of the top of book when a publisher's is emptied, and both
when it is there again."""
LONGEST_READ: Final = SIZE_MBP_1 + TS_OUT_SIZE + 8
"""Bytes read from the start of a common record: the record and the id in the next header."""

# Length and type of a common record, as in its first 16 bits. With ts_out, a record is two 4-byte
# words longer, which sets bit 1 of its length. The loop takes this bit from the first record.
TRADE_HEAD: Final = SIZE_TRADE // 4 | RTYPE_TRADE << 8
MBP_1_HEAD: Final = SIZE_MBP_1 // 4 | RTYPE_MBP_1 << 8
TS_OUT_BIT: Final = TS_OUT_SIZE // 4
SIDE_FLAGS: Final = 0x00FFFF00_00000000
"""Bits of side and flags, equal in the fourth word of a record and the last word of a TICK."""


# One long function, since its speed depends on keeping values in registers over the whole loop.
@helper
def common_records(c: Any, record: Any, safe: Any, one_shard: Any, sides: Any) -> Any:
    """Parse trades and MBP-1 records, and return the address of the first record left unparsed.

    That is a record of another type, or one that needs the care of `any_records`, or the record
    at which the output is full or fewer than `LONGEST_READ` bytes remain.

    ``safe`` is the last address at which a record may begin without a read beyond the buffer.
    ``one_shard`` and ``sides`` (whether quotes become ticks) are compile-time constants in the
    common case, which lets the compiler drop the branches.
    """
    if record > safe:
        return record
    cnt = as_i64(c[CTX_COUNTERS])
    positions = as_i64(c[CTX_POSITIONS])
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    feed_key = c[CTX_FEED] << 32
    feed = uint64(c[CTX_FEED]) << uint64(56)
    bar_room = c[CTX_BAR_CAPACITY] - BARS_PER_TRADE
    # Locals, since the compiler cannot know that no store aliases a counter.
    out = c[CTX_TICKS] + cnt[COUNT_TICKS] * TICK_SIZE
    full = c[CTX_TICKS] + cnt[COUNT_TICK_ROOM] * TICK_SIZE
    base = positions[0] - (out >> TICK_SHIFT) + 1
    numbering = (one_shard, base, positions)
    due = uint64(max(min(cnt[COUNT_SWEEP_AT], LATEST_NS) - 1, 0))
    ts_out = as_i64(record)[0] & TS_OUT_BIT
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
        if uint64(b8[4] - 1) >= due or not plausible(ts):
            break
        at = next_at
        key = int64(b4[1]) | feed_key
        if as_i64(at)[ROW_KEY] != key:
            at = probe(c, key)
            if at == c[CTX_BLANK]:
                break
        if sides and head == mbp_1_head:
            # A top of another publisher than the row's belongs in the table of tops.
            if as_u32(at)[ROW_PUBLISHER] != (b4[0] >> uint32(16)) + uint32(1):
                break
        after = record + (int64(b1[0]) << 2)
        next_at = table[home_of(int64(as_u32(after)[1]) | feed_key, mask)]
        number = uint64(b4[1]) << uint64(32)
        action = b1[28]
        if action == uint8(ACTION_TRADE):
            price = b8[2]
            if price == UNDEF_PRICE or (
                cnt[COUNT_BARS] > bar_room and not in_running_second(at, ts)
            ):
                break
            tail = uint64(b8[3]) & uint64(SIDE_FLAGS) | uint64(b4[11]) | feed
            out = emit_trade(c, at, out, ts, price, number, b4[6], tail, numbering)
        elif action == uint8(ACTION_CLEAR):
            break
        if sides and b1[1] != uint8(RTYPE_TRADE):
            tail = uint64(b1[30]) << uint64(48) | uint64(b4[11]) | feed
            out = emit_sides(record, at, out, ts, number, tail, numbering)
        cnt[COUNT_RECORDS] += 1
        record = after
    if one_shard:
        positions[0] = (out >> TICK_SHIFT) + base - 1
    cnt[COUNT_TICKS] = (out - c[CTX_TICKS]) >> TICK_SHIFT
    return record


@kernel("int64(int64, int64, int64)")
def walk(context: Any, start: Any, end: Any) -> Any:
    """Parse the records in bytes [start, end) of the buffer and return the index of the first left.

    ``start`` must be a multiple of 8. The stop counter holds the reason for returning (``STOP_*``).
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
            record = common_records(c, record, last - LONGEST_READ, True, True)
        else:
            record = common_records(c, record, last - LONGEST_READ, one_shard, sides)
        record = any_records(c, record, last)
    return record - c[CTX_BUFFER]
