"""Walk DBN records in place: length, type, instrument, top of book, bars, ticks out.

One call takes a whole socket read. The kernel reads memory by address, without bounds checks, so
each record is validated before any view of it: its length is a multiple of 8, at least 16 and
within the bytes at hand, and at least the size of its type. What is not understood is skipped by
its length and counted; only an impossible length stops the walk for good.

It comes back early, at a record boundary, when an output is full, and before and after symbol
mappings and definitions: the caller takes the outputs and calls again, and their order is kept.
"""

from __future__ import annotations

from typing import Any

from numba import int64, uint8, uint64

from tickfire.ingest.context import (
    COUNT_BAD_TIME,
    COUNT_BARS,
    COUNT_CONTROLS,
    COUNT_FEED_TIME,
    COUNT_INSTRUMENTS,
    COUNT_OHLCV_IGNORED,
    COUNT_RECORDS,
    COUNT_SHORT,
    COUNT_SKIPPED,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICKS,
    COUNT_UNDEFINED,
    CTX_BAR_CAPACITY,
    CTX_BARS,
    CTX_BUFFER,
    CTX_CONTROL_CAPACITY,
    CTX_CONTROLS,
    CTX_COUNTERS,
    CTX_FEED,
    CTX_HASH_MASK,
    CTX_KEYS,
    CTX_POSITIONS,
    CTX_SHARDS,
    CTX_SLOTS,
    CTX_STATE,
    CTX_TICK_CAPACITY,
    CTX_TICKS,
    CTX_TRADES_ONLY,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
    ROW_DIRTY,
    ROW_LAST_TS,
    ROW_N,
    ROW_QUOTE_TS,
    ROW_M,
    ROW_S,
    ROW_WORDS,
    STOP_BAD_LENGTH,
    STOP_BARS,
    STOP_CONTROL,
    STOP_END,
    STOP_INSTRUMENTS,
    STOP_TICKS,
)
from tickfire.ingest.fold_kernel import (
    BARS_PER_TRADE,
    NO_SLOT,
    TICK_WORDS,
    apply_clear,
    apply_trade,
    close_minute,
    close_second,
    find_slot,
    sweep,
)
from tickfire.ingest.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE, UNDEF_PRICE
from tickfire.kernels.bars import CLOSE, HIGH, LOW, MINUTE_NS, NOTIONAL, OPEN, SECOND_NS, START, TRADES, VOLUME
from tickfire.kernels.jit import cold, helper, kernel
from tickfire.kernels.pointers import as_f64, as_i64, as_u8, as_u32

TICKS_PER_RECORD = 3
"""A trade and both sides of the top of book."""
HEADER_SIZE = 16
LATEST_NS = 1 << 62
"""Times past this (the year 2116) are not plausible."""
ACTION_TRADE = 84  # T
ACTION_CLEAR = 82  # R
SIDE_NONE = 78  # N

# Layout families: what the body of a record looks like.
BASE = 0  # trade, MBP-1, MBP-10, and the consolidated ones: price, action, ts_recv
BBO = 1  # as BASE, but without an action: quotes only
MBO = 2
OHLCV = 3
OTHER = 4
CONTROL = 5


@helper
def family_of(rtype: Any) -> Any:
    """Return the layout family and the least size of a record type, packed: family << 16 | size."""
    if rtype <= uint8(1):  # trade 48, MBP-1 80: without a branch, for the two come mixed
        return uint64(BASE << 16 | 48) + (uint64(rtype) << uint64(5))
    if rtype == uint8(0xA0):
        return uint64(MBO << 16 | 56)
    if rtype == uint8(10):
        return uint64(BASE << 16 | 368)
    if rtype == uint8(177) or rtype == uint8(194):
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


@cold
def apply_ohlcv(
    b8: Any, q: Any, rtype: Any, ts: Any, st: Any, sf: Any, b: Any, bars: Any, cnt: Any
) -> None:
    """Take a bar that the feed made itself: 1 s bars are folded into minutes as our own are."""
    at = b + uint64(ROW_S)
    span = int64(SECOND_NS)
    if rtype == uint8(33):
        close_second(st, sf, b, bars, cnt)
        close_minute(st, sf, b, bars, cnt)
        at = b + uint64(ROW_M)
        span = int64(MINUTE_NS)
    st[at + uint64(START)] = ts - ts % span
    st[at + uint64(OPEN)] = b8[q + uint64(2)]
    st[at + uint64(HIGH)] = b8[q + uint64(3)]
    st[at + uint64(LOW)] = b8[q + uint64(4)]
    st[at + uint64(CLOSE)] = b8[q + uint64(5)]
    st[at + uint64(VOLUME)] = b8[q + uint64(6)]
    st[at + uint64(TRADES)] = int64(0)
    sf[at + uint64(NOTIONAL)] = float(b8[q + uint64(5)]) * float(b8[q + uint64(6)])
    if rtype == uint8(33):
        close_minute(st, sf, b, bars, cnt)
    else:
        close_second(st, sf, b, bars, cnt)


@helper
def put_tick(
    ticks: Any, at: Any, ts: Any, price: Any, size: Any, key: Any, sequence: Any, kind: Any, side: Any, flags: Any
) -> None:
    """Write a TICK at index ``at``; it counts only once the caller moves on."""
    i = at * uint64(TICK_WORDS)
    ticks[i] = ts
    ticks[i + uint64(1)] = price
    ticks[i + uint64(2)] = int64(uint64(size) | ((key & uint64(0xFFFFFFFF)) << uint64(32)))
    ticks[i + uint64(3)] = int64(
        uint64(sequence)
        | (uint64(kind) << uint64(32))
        | (uint64(side) << uint64(40))
        | (uint64(flags) << uint64(48))
        | ((key >> uint64(32)) << uint64(56))
    )


@kernel("int64(int64, int64, int64)")
def walk(context: Any, start: Any, end: Any) -> Any:
    """Parse the records in the buffer's bytes [start, end); return the offset reached.

    ``start`` is a multiple of 8. The stop counter says why it came back (``STOP_*``).
    """
    c = as_i64(context)
    b1 = as_u8(c[CTX_BUFFER])
    b4 = as_u32(c[CTX_BUFFER])
    b8 = as_i64(c[CTX_BUFFER])
    st = as_i64(c[CTX_STATE])
    sf = as_f64(c[CTX_STATE])
    s4 = as_u32(c[CTX_STATE])
    keys = as_i64(c[CTX_KEYS])
    slots = as_i64(c[CTX_SLOTS])
    ticks = as_i64(c[CTX_TICKS])
    bars = as_i64(c[CTX_BARS])
    cnt = as_i64(c[CTX_COUNTERS])
    positions = as_i64(c[CTX_POSITIONS])
    controls = as_i64(c[CTX_CONTROLS])
    tick_room = uint64(c[CTX_TICK_CAPACITY] - TICKS_PER_RECORD + 1)
    bar_room = c[CTX_BAR_CAPACITY] - BARS_PER_TRADE
    feed = c[CTX_FEED] << 32
    mask = uint64(c[CTX_HASH_MASK])
    trades_only = c[CTX_TRADES_ONLY] != 0
    # Locals where the compiler cannot know that no store aliases the counter.
    made = uint64(cnt[COUNT_TICKS])
    sweep_at = cnt[COUNT_SWEEP_AT]
    feed_time = cnt[COUNT_FEED_TIME]
    one_shard = c[CTX_SHARDS] == 1
    position = positions[0]
    stop = int64(STOP_END)
    records = int64(0)
    o = uint64(start)
    e = uint64(end)
    while o + uint64(HEADER_SIZE) <= e:
        length = uint64(b1[o]) << uint64(2)
        if length < uint64(HEADER_SIZE) or length & uint64(7) != uint64(0):
            stop = int64(STOP_BAD_LENGTH)
            break
        if o + length > e:
            break
        rtype = b1[o + uint64(1)]
        packed = family_of(rtype)
        family = packed >> uint64(16)
        if length < packed & uint64(0xFFFF):
            cnt[COUNT_SHORT] += 1
        elif family >= uint64(OTHER):
            if family == uint64(OTHER):
                cnt[uint64(COUNT_SKIPPED) + uint64(rtype)] += 1
            else:
                # Mappings and definitions wait behind what is made already, so that their order
                # is kept; system messages and errors need not.
                ordered = rtype == uint8(22) or rtype == uint8(19)
                behind = made > uint64(0) or cnt[COUNT_BARS] > 0
                if ordered and behind or cnt[COUNT_CONTROLS] >= c[CTX_CONTROL_CAPACITY]:
                    stop = int64(STOP_CONTROL)
                    break
                if ordered:
                    tick_room = uint64(0)  # and ticks wait until the caller took it
                controls[cnt[COUNT_CONTROLS]] = int64(o)
                cnt[COUNT_CONTROLS] += 1
        else:
            if made >= tick_room:
                stop = int64(STOP_TICKS)
                break
            if cnt[COUNT_BARS] > bar_room:
                stop = int64(STOP_BARS)
                break
            q = o >> uint64(3)
            w = o >> uint64(2)
            ts = b8[q + uint64(1)]
            received = ts
            if family <= uint64(BBO):
                received = b8[q + uint64(4)]
            elif family == uint64(MBO):
                received = b8[q + uint64(5)]
            if uint64(ts - 1) >= uint64(LATEST_NS):
                ts = received  # a BBO without a trade in its interval has no ts_event
            if uint64(received - 1) >= uint64(LATEST_NS):
                received = ts
            if uint64(ts - 1) >= uint64(LATEST_NS):
                cnt[COUNT_BAD_TIME] += 1
                o += length
                records += 1
                continue
            if received >= sweep_at:
                if cnt[COUNT_BARS] + 2 * cnt[COUNT_INSTRUMENTS] > bar_room:
                    stop = int64(STOP_BARS)
                    break
                sweep(st, sf, bars, cnt, received)
                sweep_at = cnt[COUNT_SWEEP_AT]
            feed_time = max(feed_time, received)
            key = feed | int64(b4[w + uint64(1)])
            slot = find_slot(c, mask, keys, slots, st, cnt, key)
            if slot == uint64(NO_SLOT):
                stop = int64(STOP_INSTRUMENTS)
                break
            b = slot * uint64(ROW_WORDS)
            key = uint64(key)
            if family == uint64(OHLCV):
                if not trades_only:
                    if st[b + uint64(ROW_LAST_TS)] != 0:
                        cnt[COUNT_OHLCV_IGNORED] += 1
                    else:
                        apply_ohlcv(b8, q, rtype, ts, st, sf, b, bars, cnt)
                o += length
                records += 1
                continue
            shard = uint64(0)
            n = position
            if not one_shard:
                shard = uint64(s4[((b + uint64(ROW_CLEARED)) << uint64(1)) + uint64(1)])
                n = positions[shard]
            if family == uint64(MBO):
                price = b8[q + uint64(3)]
                size = int64(b4[w + uint64(8)])
                action = b1[o + uint64(38)]
                side = b1[o + uint64(39)]
                flags = b1[o + uint64(36)]
                sequence = b4[w + uint64(13)]
            else:
                price = b8[q + uint64(2)]
                size = int64(b4[w + uint64(6)])
                action = b1[o + uint64(28)]
                side = b1[o + uint64(29)]
                flags = b1[o + uint64(30)]
                sequence = b4[w + uint64(11)]
                if rtype > uint8(10):
                    if family == uint64(BBO):
                        action = uint8(0)
                    if rtype < uint8(195):
                        sequence ^= sequence  # consolidated records have none
            if action == uint8(ACTION_TRADE):
                if price == UNDEF_PRICE:
                    cnt[COUNT_UNDEFINED] += 1
                else:
                    n += 1
                    put_tick(ticks, made, ts, price, size, key, sequence, TICK_TRADE, side, flags)
                    made += uint64(1)
                    apply_trade(st, sf, s4, b, bars, cnt, ts, price, size, n)
            elif action == uint8(ACTION_CLEAR) and not trades_only:
                n += 1
                put_tick(ticks, made, ts, UNDEF_PRICE, 0, key, sequence, TICK_CLEAR, SIDE_NONE, flags)
                made += uint64(1)
                apply_clear(st, s4, b, n)
            if family != uint64(MBO) and rtype != uint8(0) and not trades_only:
                # Which side changes is chance: the tick is written in any case, and counts if
                # it changed. That is cheaper than a branch that is wrong half of the time.
                bid = b8[q + uint64(6)]
                bid_size = int64(b4[w + uint64(16)])
                new = uint64((bid != st[b + uint64(ROW_BID)]) | (bid_size != st[b + uint64(ROW_BID_SIZE)]))
                put_tick(ticks, made, ts, bid, bid_size, key, sequence, TICK_BID, SIDE_NONE, flags)
                made += new
                st[b + uint64(ROW_BID)] = bid
                st[b + uint64(ROW_BID_SIZE)] = bid_size
                changed = new
                ask = b8[q + uint64(7)]
                ask_size = int64(b4[w + uint64(17)])
                new = uint64((ask != st[b + uint64(ROW_ASK)]) | (ask_size != st[b + uint64(ROW_ASK_SIZE)]))
                put_tick(ticks, made, ts, ask, ask_size, key, sequence, TICK_ASK, SIDE_NONE, flags)
                made += new
                st[b + uint64(ROW_ASK)] = ask
                st[b + uint64(ROW_ASK_SIZE)] = ask_size
                changed += new
                before = st[b + uint64(ROW_QUOTE_TS)]
                st[b + uint64(ROW_QUOTE_TS)] = before + (ts - before) * int64(changed != uint64(0))
                st[b + uint64(ROW_DIRTY)] |= int64(changed)
                n += int64(changed)
                st[b + uint64(ROW_N)] = n
            position = n
            if not one_shard:
                positions[shard] = n
        o += length
        records += 1
    if one_shard:
        positions[0] = position
    cnt[COUNT_TICKS] = int64(made)
    cnt[COUNT_FEED_TIME] = feed_time
    cnt[COUNT_RECORDS] += records
    cnt[COUNT_STOP] = stop
    return int64(o)
