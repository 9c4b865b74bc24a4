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

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.context import (
    COUNT_BARS,
    COUNT_INSTRUMENTS,
    COUNT_STOP,
    COUNT_SWEEP_AT,
    COUNT_TICKS,
    CTX_BAR_CAPACITY,
    CTX_BARS,
    CTX_BLANK,
    CTX_BUFFER,
    CTX_COUNTERS,
    CTX_HASH_MASK,
    CTX_MAX_INSTRUMENTS,
    CTX_POSITIONS,
    CTX_SHARDS,
    CTX_STATE,
    CTX_TABLE,
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
from tickfire.store.schema import (
    BAR_LATE,
    BAR_REWIND,
    TICK_ASK,
    TICK_BID,
    TICK_CLEAR,
    TICK_TRADE,
)

NO_SLOT: Final = 0xFFFF_FFFF
BARS_PER_TRADE: Final = 4
"""At most so many pieces does one trade close."""
CLOSE_GRACE_NS: Final = 250_000_000
"""How long after its end, by feed time, a bar waits for a trade that is under way."""
HASH_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
ROW_SIZE: Final = 8 * ROW_WORDS
TICK_SIZE: Final = 32
TICK_WORDS: Final = 4
BAR_WORDS: Final = 10
LOW_HALF: Final = 0xFFFF_FFFF
SIDE_NONE: Final = ord("N")


@helper
def splitmix64(x: Any) -> Any:
    """Return the splitmix64 hash of a uint64."""
    z = uint64(x) + uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@helper
def home_of(key: Any, mask: Any) -> Any:
    """Return the place of the table at which the search for a key begins."""
    return ((uint64(key) * uint64(HASH_FACTOR)) >> uint64(32)) & mask


@cold
def probe(c: Any, key: Any) -> Any:
    """Return the address of an instrument's row; the blank row's when it has none."""
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    h = home_of(key, mask)
    while as_i64(table[h])[ROW_KEY] != key and table[h] != c[CTX_BLANK]:
        h = (h + uint64(1)) & mask
    return table[h]


@cold
def new_row(c: Any, key: Any) -> Any:
    """Make the row of an instrument that has none; return its address, or 0 if there is no room."""
    cnt = as_i64(c[CTX_COUNTERS])
    slot = cnt[COUNT_INSTRUMENTS]
    if slot >= c[CTX_MAX_INSTRUMENTS]:
        return int64(0)
    cnt[COUNT_INSTRUMENTS] = slot + 1
    table = as_i64(c[CTX_TABLE])
    mask = uint64(c[CTX_HASH_MASK])
    h = home_of(key, mask)
    while table[h] != c[CTX_BLANK]:
        h = (h + uint64(1)) & mask
    at = row_at(c, slot)
    table[h] = at
    row = as_i64(at)
    row[ROW_KEY] = key
    row[ROW_BID] = UNDEF_PRICE
    row[ROW_ASK] = UNDEF_PRICE
    shard = splitmix64(key) % uint64(c[CTX_SHARDS])
    row[ROW_CLEARED] = int64(shard << uint64(32))
    return at


@helper
def find_row(c: Any, key: Any) -> Any:
    """Return the address of an instrument's row, made if need be; 0 when the table is full."""
    at = as_i64(c[CTX_TABLE])[home_of(key, uint64(c[CTX_HASH_MASK]))]
    if as_i64(at)[ROW_KEY] != key:
        at = probe(c, key)
        if at == c[CTX_BLANK]:
            return new_row(c, key)
    return at


@helper
def find_slot(c: Any, mask: Any, keys: Any, slots: Any, st: Any, cnt: Any, key: Any) -> Any:
    """Return the index of an instrument's row, made if need be; NO_SLOT when the table is full."""
    at = find_row(c, key)
    if at == 0:
        return uint64(NO_SLOT)
    return uint64(at - c[CTX_STATE]) // uint64(ROW_SIZE)


@helper
def row_at(c: Any, slot: Any) -> Any:
    """Return the address of a row."""
    return c[CTX_STATE] + int64(slot) * ROW_SIZE


@helper
def put_tick(at: Any, ts: Any, price: Any, size_number: Any, tail: Any) -> None:
    """Write a TICK at an address; it counts only once the caller moves on.

    ``size_number``: instrument_id << 32 | size; ``tail``: sequence and the last four bytes.
    """
    tick = as_i64(at)
    tick[0] = ts
    tick[1] = price
    tick[2] = int64(size_number)
    tick[3] = int64(tail)


@cold
def emit_bar(c: Any, at: Any, running: Any, interval_s: Any, closed: Any) -> None:
    """Close the running bar at row word ``running`` as a piece; ``closed`` is its row word."""
    row = as_i64(at)
    cnt = as_i64(c[CTX_COUNTERS])
    bar = as_i64(c[CTX_BARS] + cnt[COUNT_BARS] * (8 * BAR_WORDS))
    cnt[COUNT_BARS] += 1
    start = row[running + START]
    for k in range(START, VOLUME + 1):
        bar[k] = row[running + k]
    bar[6] = bar_vwap(row, as_f64(at), uint64(running))
    bar[7] = row[ROW_TRADE_N]
    key = uint64(row[ROW_KEY])
    before = row[closed]
    flags = uint64(0)
    if before == -1:
        flags = uint64(BAR_REWIND)
    elif start <= before:
        flags = uint64(BAR_LATE)
    if start > before:
        row[closed] = start
    trades = uint64(row[running + TRADES]) & uint64(LOW_HALF)
    bar[8] = int64(trades | key << uint64(32))
    bar[9] = int64(uint64(interval_s) | key >> uint64(32) << uint64(32) | flags << uint64(40))
    row[running + START] = 0


@cold
def close_minute(c: Any, at: Any) -> None:
    """Close the running 1 m bar of a row, if one runs."""
    if as_i64(at)[ROW_M] != 0:
        emit_bar(c, at, ROW_M, 60, ROW_M_CLOSED)


@cold
def close_second(c: Any, at: Any) -> None:
    """Close the running 1 s bar of a row, if one runs, and fold it into its minute."""
    row = as_i64(at)
    start = row[ROW_S]
    if start == 0:
        return
    minute = start - start % MINUTE_NS
    if row[ROW_M] != minute:
        close_minute(c, at)
    bar_fold(row, as_f64(at), uint64(ROW_M), uint64(ROW_S), minute)
    emit_bar(c, at, ROW_S, 1, ROW_S_CLOSED)


@cold
def rewind(c: Any, at: Any) -> None:
    """Begin anew: what runs is closed, and the next closed bars void what is later than they."""
    row = as_i64(at)
    close_second(c, at)
    close_minute(c, at)
    row[ROW_S_CLOSED] = -1
    row[ROW_M_CLOSED] = -1
    row[ROW_VOLUME] = 0


@helper
def in_running_second(at: Any, ts: Any) -> Any:
    """Say whether a trade at ``ts`` belongs into the running 1 s bar as it stands."""
    cleared = as_u32(at)[2 * ROW_CLEARED]
    # One unsigned comparison says "runs, not older, not newer".
    return cleared == uint32(0) and uint64(ts - as_i64(at)[ROW_S]) < uint64(SECOND_NS)


@cold
def begin_second(c: Any, at: Any, ts: Any, price: Any, size: Any) -> None:
    """Close what a trade outside the running second ends, and begin a bar with it."""
    row = as_i64(at)
    cleared = as_u32(at)
    if cleared[2 * ROW_CLEARED] != uint32(0):
        cleared[2 * ROW_CLEARED] = uint32(0)
        if ts < row[ROW_LAST_TS]:
            rewind(c, at)
        elif in_running_second(at, ts):
            bar_add(row, as_f64(at), uint64(ROW_S), price, size)
            return
    close_second(c, at)
    if uint64(ts - row[ROW_M]) >= uint64(MINUTE_NS):
        close_minute(c, at)
    bar_open(row, as_f64(at), uint64(ROW_S), ts - ts % SECOND_NS, price, size)


@helper
def apply_trade(c: Any, at: Any, ts: Any, price: Any, size: Any, n: Any) -> None:
    """Fold one trade at time ``ts`` and position ``n`` into a row; needs BARS_PER_TRADE room."""
    row = as_i64(at)
    if in_running_second(at, ts):
        bar_add(row, as_f64(at), uint64(ROW_S), price, size)
    else:
        begin_second(c, at, ts, price, size)
    row[ROW_LAST] = price
    row[ROW_LAST_SIZE] = size
    row[ROW_LAST_TS] = ts
    row[ROW_VOLUME] += size
    row[ROW_TRADE_N] = n
    row[ROW_N] = n
    row[ROW_DIRTY] = 1


@helper
def apply_side(
    at: Any, price_at: Any, size_at: Any, ts: Any, price: Any, size: Any, n: Any
) -> None:
    """Set one side of the top of book of a row."""
    row = as_i64(at)
    row[price_at] = price
    row[size_at] = size
    row[ROW_QUOTE_TS] = ts
    row[ROW_N] = n
    row[ROW_DIRTY] = 1


@helper
def apply_clear(at: Any, n: Any) -> None:
    """Void the top of book of a row, and let time begin anew with the next trade."""
    row = as_i64(at)
    row[ROW_BID] = UNDEF_PRICE
    row[ROW_ASK] = UNDEF_PRICE
    row[ROW_BID_SIZE] = 0
    row[ROW_ASK_SIZE] = 0
    as_u32(at)[2 * ROW_CLEARED] = uint32(1)
    row[ROW_N] = n
    row[ROW_DIRTY] = 1


@cold
def sweep(c: Any, feed_time: Any) -> None:
    """Close every bar that ended by feed time; needs room for two pieces an instrument."""
    cnt = as_i64(c[CTX_COUNTERS])
    due = feed_time - CLOSE_GRACE_NS
    for slot in range(cnt[COUNT_INSTRUMENTS]):
        at = row_at(c, slot)
        row = as_i64(at)
        start = row[ROW_S]
        if start != 0 and start + SECOND_NS <= due:
            close_second(c, at)
        minute = row[ROW_M]
        if minute != 0 and minute + MINUTE_NS <= due and row[ROW_S] == 0:
            close_minute(c, at)
    cnt[COUNT_SWEEP_AT] = due - due % SECOND_NS + SECOND_NS + CLOSE_GRACE_NS


@kernel("int64(int64, int64, int64, int64)")
def fold_ticks(context: Any, start: Any, count: Any, first_n: Any) -> Any:
    """Fold TICK[start:count] of the buffer; ``first_n`` is the position of TICK[0].

    A tick that its row already includes (by n) is passed over. Returns the index reached: less
    than ``count`` when an output or the table is full (see the stop counter).
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
        key = int64(size_number >> uint64(32) | tail >> uint64(56) << uint64(32))
        if cnt[COUNT_BARS] + BARS_PER_TRADE > c[CTX_BAR_CAPACITY]:
            cnt[COUNT_STOP] = STOP_BARS
            break
        at = find_row(c, key)
        if at == 0:
            cnt[COUNT_STOP] = STOP_INSTRUMENTS
            break
        n = first_n + i
        if n > as_i64(at)[ROW_N]:
            kind = tail >> uint64(32) & uint64(0xFF)
            ts = t[w]
            price = t[w + uint64(1)]
            size = int64(size_number & uint64(LOW_HALF))
            if kind == uint64(TICK_TRADE):
                apply_trade(c, at, ts, price, size, n)
            elif kind == uint64(TICK_BID):
                apply_side(at, ROW_BID, ROW_BID_SIZE, ts, price, size, n)
            elif kind == uint64(TICK_ASK):
                apply_side(at, ROW_ASK, ROW_ASK_SIZE, ts, price, size, n)
            elif kind == uint64(TICK_CLEAR):
                apply_clear(at, n)
        i += 1
    return i


@kernel("int64(int64)")
def close_all(context: Any) -> Any:
    """Close every running bar; needs room for two pieces an instrument. Returns how many bars."""
    c = as_i64(context)
    cnt = as_i64(c[CTX_COUNTERS])
    for slot in range(cnt[COUNT_INSTRUMENTS]):
        at = row_at(c, slot)
        close_second(c, at)
        close_minute(c, at)
    return cnt[COUNT_BARS]


@kernel("int64(int64, int64)")
def close_due(context: Any, feed_time: Any) -> Any:
    """Close the bars that ended by feed time; needs room as `close_all`. Returns how many bars."""
    c = as_i64(context)
    sweep(c, feed_time)
    return as_i64(c[CTX_COUNTERS])[COUNT_BARS]


@kernel("int64(int64)")
def clear_all(context: Any) -> Any:
    """Emit a clear for every instrument (a feed session began). Returns how many ticks.

    Needs room for one tick an instrument.
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
            key << uint64(32),
            tail,
        )
        cnt[COUNT_TICKS] += 1
        apply_clear(at, positions[shard])
    cnt[COUNT_SWEEP_AT] = 0
    return cnt[COUNT_TICKS]
