"""Parse one DBN record of any kind, at any state of the outputs: all that is not the hot loop's.

`parse_kernel.walk` takes the common records of known instruments by itself and hands each other
one to `any_record`: of other kinds, with odd lengths or times, of instruments not seen before,
the first of a second in which bars are due, and those that do not fit into an output.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.context import (
    COUNT_BAD_TIME,
    COUNT_BARS,
    COUNT_CONTROLS,
    COUNT_INSTRUMENTS,
    COUNT_OHLCV_IGNORED,
    COUNT_RECORDS,
    COUNT_SHORT,
    COUNT_SKIPPED,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICK_ROOM,
    COUNT_TICKS,
    COUNT_UNDEFINED,
    CTX_BAR_CAPACITY,
    CTX_BUFFER,
    CTX_CONTROL_CAPACITY,
    CTX_CONTROLS,
    CTX_COUNTERS,
    CTX_FEED,
    CTX_POSITIONS,
    CTX_TICKS,
    CTX_TRADES_ONLY,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
    ROW_LAST_TS,
    ROW_M,
    ROW_S,
    STOP_BAD_LENGTH,
    STOP_BARS,
    STOP_CONTROL,
    STOP_END,
    STOP_INSTRUMENTS,
    STOP_TICKS,
)
from tickfire.ingest.kernel.fold_kernel import (
    BARS_PER_TRADE,
    SIDE_NONE,
    TICK_SIZE,
    apply_clear,
    apply_side,
    apply_trade,
    close_minute,
    close_second,
    find_row,
    put_tick,
    sweep,
)
from tickfire.kernels.bars import (
    CLOSE,
    HIGH,
    LOW,
    MINUTE_NS,
    NOTIONAL,
    OPEN,
    SECOND_NS,
    START,
    TRADES,
    VOLUME,
)
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_f64, as_i64, as_u8, as_u32
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE

HEADER_SIZE: Final = 16
LATEST_NS: Final = 1 << 62
"""Times past this (the year 2116) are not plausible."""
ACTION_TRADE: Final = ord("T")
ACTION_CLEAR: Final = ord("R")

# Layout families: what the body of a record looks like.
BASE: Final = 0  # trade, MBP-1, MBP-10, and the consolidated ones: price, action, ts_recv
BBO: Final = 1  # as BASE, but without an action: quotes only
MBO: Final = 2
OHLCV: Final = 3
OTHER: Final = 4
CONTROL: Final = 5


@helper
def family_of(rtype: Any) -> Any:
    """Return the layout family and the least size of a record type, packed: family << 16 | size."""
    if rtype == uint8(0):
        return uint64(BASE << 16 | 48)
    if rtype == uint8(0xA0):
        return uint64(MBO << 16 | 56)
    if rtype == uint8(10):
        return uint64(BASE << 16 | 368)
    if rtype == uint8(1) or rtype == uint8(177) or rtype == uint8(194):
        return uint64(BASE << 16 | 80)
    if rtype == uint8(195) or rtype == uint8(196) or rtype == uint8(192) or rtype == uint8(193):
        return uint64(BBO << 16 | 80)
    if rtype == uint8(32) or rtype == uint8(33):
        return uint64(OHLCV << 16 | 56)
    if rtype == uint8(21) or rtype == uint8(22) or rtype == uint8(23):
        return uint64(CONTROL << 16 | 80)
    if rtype == uint8(19):
        return uint64(CONTROL << 16 | 360)
    return uint64(OTHER << 16)


@helper
def apply_ohlcv(c: Any, at: Any, record: Any, rtype: Any, ts: Any) -> None:
    """Take a bar that the feed made itself: 1 s bars are folded into minutes as our own are."""
    row = as_i64(at)
    rec = as_i64(record)
    bar = ROW_S
    span = SECOND_NS
    if rtype == uint8(33):
        close_second(c, at)
        close_minute(c, at)
        bar = ROW_M
        span = MINUTE_NS
    row[bar + START] = ts - ts % span
    row[bar + OPEN] = rec[2]
    row[bar + HIGH] = rec[3]
    row[bar + LOW] = rec[4]
    row[bar + CLOSE] = rec[5]
    row[bar + VOLUME] = rec[6]
    row[bar + TRADES] = 0
    as_f64(at)[bar + NOTIONAL] = float(rec[5]) * float(rec[6])
    if rtype == uint8(33):
        close_minute(c, at)
    else:
        close_second(c, at)


@helper
def next_n(at: Any, out: Any, one_shard: Any, base: Any, positions: Any) -> Any:
    """Take the position of the tick at ``out``: off its address, or off its shard's counter."""
    if one_shard:
        return (out >> 5) + base
    shard = as_u32(at)[2 * ROW_CLEARED + 1]
    n = positions[shard] + 1
    positions[shard] = n
    return n


@helper
def plausible(ts: Any) -> Any:
    """Say whether a time may be one: after 1970 and until `LATEST_NS`."""
    return uint64(ts - 1) < uint64(LATEST_NS)


@cold
def any_record(c: Any, record: Any, end: Any) -> Any:
    """Parse the record at an address; return where it ends.

    Or the address itself when it stays there; the stop counter says why. ``end`` is behind the
    last byte.
    """
    cnt = as_i64(c[CTX_COUNTERS])
    b1 = as_u8(record)
    b4 = as_u32(record)
    b8 = as_i64(record)
    if record + HEADER_SIZE > end:
        cnt[COUNT_STOP] = STOP_END
        return record
    length = int64(b1[0]) << 2
    if length < HEADER_SIZE or length & 7 != 0:
        cnt[COUNT_STOP] = STOP_BAD_LENGTH
        return record
    after = record + length
    if after > end:
        cnt[COUNT_STOP] = STOP_END
        return record
    rtype = b1[1]
    family_size = family_of(rtype)
    family = family_size >> uint64(16)
    if length < int64(family_size & uint64(0xFFFF)):
        cnt[COUNT_SHORT] += 1
        cnt[COUNT_RECORDS] += 1
        return after
    if family == uint64(OTHER):
        cnt[COUNT_SKIPPED + int64(rtype)] += 1
        cnt[COUNT_RECORDS] += 1
        return after
    if family == uint64(CONTROL):
        # Mappings and definitions wait behind what is made already, so that their order is kept;
        # system messages and errors need not.
        ordered = rtype == uint8(22) or rtype == uint8(19)
        behind = cnt[COUNT_TICKS] > 0 or cnt[COUNT_BARS] > 0
        if (ordered and behind) or cnt[COUNT_CONTROLS] >= c[CTX_CONTROL_CAPACITY]:
            cnt[COUNT_STOP] = STOP_CONTROL
            return record
        if ordered:
            cnt[COUNT_TICK_ROOM] = 0  # and ticks wait until the caller took it
        as_i64(c[CTX_CONTROLS])[cnt[COUNT_CONTROLS]] = record - c[CTX_BUFFER]
        cnt[COUNT_CONTROLS] += 1
        cnt[COUNT_RECORDS] += 1
        return after

    bar_room = c[CTX_BAR_CAPACITY] - BARS_PER_TRADE
    if cnt[COUNT_TICKS] >= cnt[COUNT_TICK_ROOM]:
        cnt[COUNT_STOP] = STOP_TICKS
        return record
    if cnt[COUNT_BARS] > bar_room:
        cnt[COUNT_STOP] = STOP_BARS
        return record
    ts = b8[1]
    received = ts
    if family <= uint64(BBO):
        received = b8[4]
    elif family == uint64(MBO):
        received = b8[5]
    if uint64(ts - 1) >= uint64(LATEST_NS):
        ts = received  # a BBO without a trade in its interval has no ts_event
    if uint64(received - 1) >= uint64(LATEST_NS):
        received = ts
    if uint64(ts - 1) >= uint64(LATEST_NS):
        cnt[COUNT_BAD_TIME] += 1
        cnt[COUNT_RECORDS] += 1
        return after
    if received >= cnt[COUNT_SWEEP_AT]:
        if cnt[COUNT_BARS] + 2 * cnt[COUNT_INSTRUMENTS] > bar_room:
            cnt[COUNT_STOP] = STOP_BARS
            return record
        sweep(c, received)
    key = c[CTX_FEED] << 32 | int64(b4[1])
    at = find_row(c, key)
    if at == 0:
        cnt[COUNT_STOP] = STOP_INSTRUMENTS
        return record
    cnt[COUNT_RECORDS] += 1
    trades_only = c[CTX_TRADES_ONLY] != 0
    if family == uint64(OHLCV):
        if trades_only:
            return after
        if as_i64(at)[ROW_LAST_TS] != 0:
            cnt[COUNT_OHLCV_IGNORED] += 1
        else:
            apply_ohlcv(c, at, record, rtype, ts)
        return after

    if family == uint64(MBO):
        price = b8[3]
        size = b4[8]
        action = b1[38]
        side = b1[39]
        flags = b1[36]
        sequence = b4[13]
    else:
        price = b8[2]
        size = b4[6]
        action = b1[28]
        side = b1[29]
        flags = b1[30]
        sequence = b4[11]
        if family == uint64(BBO):
            action = uint8(0)
        if rtype > uint8(10) and rtype < uint8(195):
            sequence ^= sequence  # consolidated records have none
    positions = as_i64(c[CTX_POSITIONS])
    made = c[CTX_TICKS] + cnt[COUNT_TICKS] * TICK_SIZE
    out = made
    number = uint64(b4[1]) << uint64(32)
    feed = uint64(c[CTX_FEED]) << uint64(56)
    tail = uint64(sequence) | uint64(flags) << uint64(48) | feed
    if action == uint8(ACTION_TRADE):
        if price == UNDEF_PRICE:
            cnt[COUNT_UNDEFINED] += 1
        else:
            n = next_n(at, out, False, 0, positions)
            kind = uint64(side) << uint64(40) | uint64(TICK_TRADE << 32)
            put_tick(out, ts, price, number | uint64(size), tail | kind)
            out += TICK_SIZE
            apply_trade(c, at, ts, price, int64(size), n)
    elif action == uint8(ACTION_CLEAR) and not trades_only:
        n = next_n(at, out, False, 0, positions)
        kind = uint64(SIDE_NONE << 40 | TICK_CLEAR << 32)
        put_tick(out, ts, UNDEF_PRICE, number, tail | kind)
        out += TICK_SIZE
        apply_clear(at, n)
    if family != uint64(MBO) and rtype != uint8(0) and not trades_only:
        row = as_i64(at)
        tail |= uint64(SIDE_NONE << 40)
        price = b8[6]
        size = b4[16]
        if price != row[ROW_BID] or int64(size) != row[ROW_BID_SIZE]:
            n = next_n(at, out, False, 0, positions)
            put_tick(out, ts, price, number | uint64(size), tail | uint64(TICK_BID << 32))
            out += TICK_SIZE
            apply_side(at, ROW_BID, ROW_BID_SIZE, ts, price, int64(size), n)
        price = b8[7]
        size = b4[17]
        if price != row[ROW_ASK] or int64(size) != row[ROW_ASK_SIZE]:
            n = next_n(at, out, False, 0, positions)
            put_tick(out, ts, price, number | uint64(size), tail | uint64(TICK_ASK << 32))
            out += TICK_SIZE
            apply_side(at, ROW_ASK, ROW_ASK_SIZE, ts, price, int64(size), n)
    cnt[COUNT_TICKS] += (out - made) >> 5
    return after
