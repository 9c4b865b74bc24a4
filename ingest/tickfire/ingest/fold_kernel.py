"""Fold ticks into the state of their instruments: top of book, last trade, running bars.

Ingest applies these functions to each record it parses, the server (and a restarted ingest) to
the ticks it reads from the stream: one code, so snapshot and stream meet exactly.

Bars close by pieces. A trade outside the running second closes it as a piece; a piece of a
second that was closed before is flagged ``BAR_LATE`` and belongs into that bar. So bars built of
pieces equal bars built of all trades in arrival order, whatever their times. A clear is the one
point where time may go back: the first trade after it, if older than the last, begins anew, and
the next closed bars say so (``BAR_REWIND``).
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint32, uint64

from tickfire.ingest.context import (
    COUNT_BARS,
    COUNT_INSTRUMENTS,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICKS,
    CTX_BAR_CAPACITY,
    CTX_BARS,
    CTX_BUFFER,
    CTX_COUNTERS,
    CTX_HASH_MASK,
    CTX_KEYS,
    CTX_MAX_INSTRUMENTS,
    CTX_POSITIONS,
    CTX_SHARDS,
    CTX_SLOTS,
    CTX_STATE,
    CTX_TICKS,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
    ROW_DIRTY,
    ROW_KEY,
    ROW_LAST,
    ROW_LAST_SIZE,
    ROW_LAST_TS,
    ROW_M,
    ROW_M_CLOSED,
    ROW_N,
    ROW_QUOTE_TS,
    ROW_S,
    ROW_S_CLOSED,
    ROW_TRADE_N,
    ROW_VOLUME,
    ROW_WORDS,
    STOP_BARS,
    STOP_END,
    STOP_INSTRUMENTS,
)
from tickfire.ingest.schema import (
    BAR_LATE,
    BAR_REWIND,
    TICK_ASK,
    TICK_BID,
    TICK_CLEAR,
    TICK_TRADE,
    UNDEF_PRICE,
)
from tickfire.kernels.bars import (
    MINUTE_NS,
    SECOND_NS,
    START,
    TRADES,
    VOLUME,
    bar_add,
    bar_fold,
    bar_open,
    bar_vwap,
)
from tickfire.kernels.jit import cold, helper, kernel
from tickfire.kernels.pointers import as_f64, as_i64, as_u32

NO_SLOT: Final = 0xFFFF_FFFF
BARS_PER_TRADE: Final = 4
"""At most so many pieces does one trade close."""
CLOSE_GRACE_NS: Final = 250_000_000
"""How long after its end, by feed time, a bar waits for a trade that is under way."""
BAR_WORDS: Final = 10
TICK_WORDS: Final = 4


@helper
def splitmix64(x: Any) -> Any:
    """Return the splitmix64 hash of a uint64."""
    z = uint64(x) + uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@cold
def new_slot(c: Any, h: Any, keys: Any, slots: Any, st: Any, cnt: Any, key: Any) -> Any:
    """Make the row of an instrument at a free place of the hash; NO_SLOT when the table is full."""
    row = cnt[COUNT_INSTRUMENTS]
    if row >= c[CTX_MAX_INSTRUMENTS]:
        return uint64(NO_SLOT)
    cnt[COUNT_INSTRUMENTS] = row + 1
    keys[h] = key + int64(1)
    slots[h] = row
    b = uint64(row) * uint64(ROW_WORDS)
    st[b + uint64(ROW_KEY)] = key
    st[b + uint64(ROW_BID)] = UNDEF_PRICE
    st[b + uint64(ROW_ASK)] = UNDEF_PRICE
    shard = splitmix64(key) % uint64(c[CTX_SHARDS])
    st[b + uint64(ROW_CLEARED)] = int64(shard << uint64(32))
    return uint64(row)


@helper
def find_slot(c: Any, mask: Any, keys: Any, slots: Any, st: Any, cnt: Any, key: Any) -> Any:
    """Return the row of an instrument, made if need be; NO_SLOT when the table is full."""
    h = ((uint64(key) * uint64(0x9E3779B97F4A7C15)) >> uint64(32)) & mask
    while keys[h] != key + int64(1):
        if keys[h] == 0:
            return new_slot(c, h, keys, slots, st, cnt, key)
        h = (h + uint64(1)) & mask
    return uint64(slots[h])


@cold
def emit_bar(st: Any, sf: Any, b: Any, bars: Any, cnt: Any, at: Any, interval_s: Any, closed: Any) -> None:
    """Write the running bar at row word ``at`` as a closed piece; ``closed`` is its row word."""
    i = uint64(cnt[COUNT_BARS]) * uint64(BAR_WORDS)
    cnt[COUNT_BARS] += 1
    bar = b + uint64(at)
    start = st[bar + uint64(START)]
    for k in range(uint64(0), uint64(VOLUME) + uint64(1)):
        bars[i + k] = st[bar + k]
    bars[i + uint64(6)] = bar_vwap(st, sf, bar)
    bars[i + uint64(7)] = st[b + uint64(ROW_TRADE_N)]
    key = uint64(st[b + uint64(ROW_KEY)])
    before = st[b + uint64(closed)]
    flags = uint64(0)
    if before == int64(-1):
        flags = uint64(BAR_REWIND)
    elif start <= before:
        flags = uint64(BAR_LATE)
    if start > before:
        st[b + uint64(closed)] = start
    low = uint64(0xFFFFFFFF)
    bars[i + uint64(8)] = int64((uint64(st[bar + uint64(TRADES)]) & low) | ((key & low) << uint64(32)))
    bars[i + uint64(9)] = int64(uint64(interval_s) | ((key >> uint64(32)) << uint64(32)) | (flags << uint64(40)))
    st[bar + uint64(START)] = 0


@cold
def close_minute(st: Any, sf: Any, b: Any, bars: Any, cnt: Any) -> None:
    """Close the running 1 m bar, if one runs."""
    if st[b + uint64(ROW_M)] != 0:
        emit_bar(st, sf, b, bars, cnt, ROW_M, 60, ROW_M_CLOSED)


@cold
def close_second(st: Any, sf: Any, b: Any, bars: Any, cnt: Any) -> None:
    """Close the running 1 s bar, if one runs, and fold it into its minute."""
    start = st[b + uint64(ROW_S)]
    if start == 0:
        return
    minute = start - start % MINUTE_NS
    if st[b + uint64(ROW_M)] != minute:
        close_minute(st, sf, b, bars, cnt)
    bar_fold(st, sf, b + uint64(ROW_M), b + uint64(ROW_S), minute)
    emit_bar(st, sf, b, bars, cnt, ROW_S, 1, ROW_S_CLOSED)


@cold
def rewind(st: Any, sf: Any, b: Any, bars: Any, cnt: Any) -> None:
    """Begin anew: what runs is closed, and the next closed bars void what is later than they."""
    close_second(st, sf, b, bars, cnt)
    close_minute(st, sf, b, bars, cnt)
    st[b + uint64(ROW_S_CLOSED)] = int64(-1)
    st[b + uint64(ROW_M_CLOSED)] = int64(-1)
    st[b + uint64(ROW_VOLUME)] = 0


@helper
def apply_trade(
    st: Any, sf: Any, s4: Any, b: Any, bars: Any, cnt: Any, ts: Any, price: Any, size: Any, n: Any
) -> None:
    """Fold one trade at time ``ts`` and position ``n`` into a row; needs BARS_PER_TRADE room."""
    cleared = (b + uint64(ROW_CLEARED)) << uint64(1)
    if s4[cleared] != uint32(0):
        s4[cleared] = uint32(0)
        if ts < st[b + uint64(ROW_LAST_TS)]:
            rewind(st, sf, b, bars, cnt)
    start = st[b + uint64(ROW_S)]
    # One unsigned comparison says "runs, not older, not newer".
    if uint64(ts - start) < uint64(SECOND_NS):
        bar_add(st, sf, b + uint64(ROW_S), price, size)
    else:
        close_second(st, sf, b, bars, cnt)
        if uint64(ts - st[b + uint64(ROW_M)]) >= uint64(MINUTE_NS):
            close_minute(st, sf, b, bars, cnt)
        bar_open(st, sf, b + uint64(ROW_S), ts - ts % SECOND_NS, price, size)
    st[b + uint64(ROW_LAST)] = price
    st[b + uint64(ROW_LAST_SIZE)] = size
    st[b + uint64(ROW_LAST_TS)] = ts
    st[b + uint64(ROW_VOLUME)] += size
    st[b + uint64(ROW_TRADE_N)] = n
    st[b + uint64(ROW_N)] = n
    st[b + uint64(ROW_DIRTY)] = 1


@helper
def apply_side(st: Any, b: Any, price_at: Any, size_at: Any, ts: Any, price: Any, size: Any, n: Any) -> None:
    """Set one side of the top of book."""
    st[b + uint64(price_at)] = price
    st[b + uint64(size_at)] = size
    st[b + uint64(ROW_QUOTE_TS)] = ts
    st[b + uint64(ROW_N)] = n
    st[b + uint64(ROW_DIRTY)] = 1


@helper
def apply_clear(st: Any, s4: Any, b: Any, n: Any) -> None:
    """Void the top of book, and let time begin anew with the next trade."""
    st[b + uint64(ROW_BID)] = UNDEF_PRICE
    st[b + uint64(ROW_ASK)] = UNDEF_PRICE
    st[b + uint64(ROW_BID_SIZE)] = 0
    st[b + uint64(ROW_ASK_SIZE)] = 0
    s4[(b + uint64(ROW_CLEARED)) << uint64(1)] = uint32(1)
    st[b + uint64(ROW_N)] = n
    st[b + uint64(ROW_DIRTY)] = 1


@cold
def sweep(st: Any, sf: Any, bars: Any, cnt: Any, feed_time: Any) -> None:
    """Close every bar that ended by feed time; needs room for two pieces an instrument."""
    due = feed_time - CLOSE_GRACE_NS
    for row in range(uint64(cnt[COUNT_INSTRUMENTS])):
        b = row * uint64(ROW_WORDS)
        start = st[b + uint64(ROW_S)]
        if start != 0 and start + SECOND_NS <= due:
            close_second(st, sf, b, bars, cnt)
        minute = st[b + uint64(ROW_M)]
        if minute != 0 and minute + MINUTE_NS <= due and st[b + uint64(ROW_S)] == 0:
            close_minute(st, sf, b, bars, cnt)
    cnt[COUNT_SWEEP_AT] = due - due % SECOND_NS + SECOND_NS + CLOSE_GRACE_NS


@kernel("int64(int64, int64, int64, int64)")
def fold_ticks(context: Any, start: Any, count: Any, first_n: Any) -> Any:
    """Fold TICK[start:count] of the buffer; ``first_n`` is the position of TICK[0].

    A tick that its row already includes (by n) is passed over. Returns the index reached: less
    than ``count`` when an output or the table is full (see the stop counter).
    """
    c = as_i64(context)
    t = as_i64(c[CTX_BUFFER])
    st = as_i64(c[CTX_STATE])
    sf = as_f64(c[CTX_STATE])
    s4 = as_u32(c[CTX_STATE])
    bars = as_i64(c[CTX_BARS])
    cnt = as_i64(c[CTX_COUNTERS])
    keys = as_i64(c[CTX_KEYS])
    slots = as_i64(c[CTX_SLOTS])
    mask = uint64(c[CTX_HASH_MASK])
    low = uint64(0xFFFFFFFF)
    cnt[COUNT_STOP] = STOP_END
    i = start
    while i < count:
        w = uint64(i) * uint64(TICK_WORDS)
        mixed = uint64(t[w + uint64(3)])
        sizes = uint64(t[w + uint64(2)])
        key = int64((sizes >> uint64(32)) | ((mixed >> uint64(56)) << uint64(32)))
        if cnt[COUNT_BARS] + BARS_PER_TRADE > c[CTX_BAR_CAPACITY]:
            cnt[COUNT_STOP] = STOP_BARS
            break
        slot = find_slot(c, mask, keys, slots, st, cnt, key)
        if slot == uint64(NO_SLOT):
            cnt[COUNT_STOP] = STOP_INSTRUMENTS
            break
        b = slot * uint64(ROW_WORDS)
        n = first_n + i
        if n > st[b + uint64(ROW_N)]:
            kind = (mixed >> uint64(32)) & uint64(0xFF)
            ts = t[w]
            price = t[w + uint64(1)]
            size = int64(sizes & low)
            if kind == uint64(TICK_TRADE):
                apply_trade(st, sf, s4, b, bars, cnt, ts, price, size, n)
            elif kind == uint64(TICK_BID):
                apply_side(st, b, ROW_BID, ROW_BID_SIZE, ts, price, size, n)
            elif kind == uint64(TICK_ASK):
                apply_side(st, b, ROW_ASK, ROW_ASK_SIZE, ts, price, size, n)
            elif kind == uint64(TICK_CLEAR):
                apply_clear(st, s4, b, n)
        i += 1
    return i


@kernel("int64(int64)")
def close_all(context: Any) -> Any:
    """Close every running bar; needs room for two pieces an instrument. Returns how many bars."""
    c = as_i64(context)
    st = as_i64(c[CTX_STATE])
    sf = as_f64(c[CTX_STATE])
    bars = as_i64(c[CTX_BARS])
    cnt = as_i64(c[CTX_COUNTERS])
    for row in range(uint64(cnt[COUNT_INSTRUMENTS])):
        b = row * uint64(ROW_WORDS)
        close_second(st, sf, b, bars, cnt)
        close_minute(st, sf, b, bars, cnt)
    return cnt[COUNT_BARS]


@kernel("int64(int64, int64)")
def close_due(context: Any, feed_time: Any) -> Any:
    """Close the bars that ended by feed time; needs room as `close_all`. Returns how many bars."""
    c = as_i64(context)
    cnt = as_i64(c[CTX_COUNTERS])
    sweep(as_i64(c[CTX_STATE]), as_f64(c[CTX_STATE]), as_i64(c[CTX_BARS]), cnt, feed_time)
    return cnt[COUNT_BARS]


@helper
def emit_tick(
    c: Any, st: Any, s4: Any, b: Any, ticks: Any, cnt: Any, positions: Any,
    ts: Any, price: Any, size: Any, sequence: Any, kind: Any, side: Any, flags: Any,
) -> Any:
    """Write one TICK and return its position n."""
    i = uint64(cnt[COUNT_TICKS]) * uint64(TICK_WORDS)
    cnt[COUNT_TICKS] += 1
    key = uint64(st[b + uint64(ROW_KEY)])
    shard = s4[((b + uint64(ROW_CLEARED)) << uint64(1)) + uint64(1)]
    n = positions[shard] + 1
    positions[shard] = n
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
    return n


@kernel("int64(int64)")
def clear_all(context: Any) -> Any:
    """Emit a clear for every instrument (a feed session began). Returns how many ticks.

    Needs room for one tick an instrument.
    """
    c = as_i64(context)
    st = as_i64(c[CTX_STATE])
    s4 = as_u32(c[CTX_STATE])
    cnt = as_i64(c[CTX_COUNTERS])
    ticks = as_i64(c[CTX_TICKS])
    positions = as_i64(c[CTX_POSITIONS])
    for row in range(uint64(cnt[COUNT_INSTRUMENTS])):
        b = row * uint64(ROW_WORDS)
        ts = max(st[b + uint64(ROW_LAST_TS)], st[b + uint64(ROW_QUOTE_TS)])
        n = emit_tick(c, st, s4, b, ticks, cnt, positions, ts, UNDEF_PRICE, 0, 0, TICK_CLEAR, 78, 0)
        apply_clear(st, s4, b, n)
    cnt[COUNT_SWEEP_AT] = 0
    return cnt[COUNT_TICKS]
