"""Parsing of one DBN record of any kind, whatever the state of the outputs.

`parse_kernel.walk` parses the common records of known instruments in its own loop and leaves all
others to `any_records`: records of other kinds, with unusual lengths or times, or of new
instruments, the first record after bars are due to be closed, and records for which an output has
no room.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint32, uint64

from tickfire.base.units import NS_PER_S, UNDEF_PRICE
from tickfire.ingest.dbn.layout import (
    ACTION_CLEAR,
    ACTION_TRADE,
    FLAG_LAST,
    HEADER_SIZE,
    RTYPE_BBO_1M,
    RTYPE_BBO_1S,
    RTYPE_CBBO_1M,
    RTYPE_CBBO_1S,
    RTYPE_CMBP_1,
    RTYPE_DEFINITION,
    RTYPE_ERROR,
    RTYPE_IMBALANCE,
    RTYPE_MBO,
    RTYPE_MBP_1,
    RTYPE_MBP_10,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_DEPRECATED,
    RTYPE_OHLCV_EOD,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
    RTYPE_SYSTEM,
    RTYPE_TCBBO,
    RTYPE_TRADE,
    SIZE_CONTROL_V1,
    SIZE_DEFINITION_V1,
    SIZE_IMBALANCE,
    SIZE_MBO,
    SIZE_MBP_1,
    SIZE_MBP_10,
    SIZE_OHLCV,
    SIZE_STATISTICS_V1,
    SIZE_STATUS,
    SIZE_TRADE,
)
from tickfire.ingest.kernel.apply import (
    BARS_PER_TRADE,
    MADE_BY_FEED,
    close_minute,
    close_second,
    emit_own_bar,
    is_by_feed,
    next_sweep,
    rewind,
    sweep,
)
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
    CTX_UNTIMED_BARS,
    ROW_CLEARED,
    ROW_D_CLOSED,
    ROW_D_RTYPE,
    ROW_H_CLOSED,
    ROW_LAST_TS,
    ROW_M,
    ROW_M_CLOSED,
    ROW_S,
    ROW_S_CLOSED,
    STOP_BAD_LENGTH,
    STOP_BARS,
    STOP_BOOKS,
    STOP_CONTROL,
    STOP_END,
    STOP_INSTRUMENTS,
    STOP_NONE,
    STOP_TICKS,
    STOP_TOPS,
)
from tickfire.ingest.kernel.emit import emit_trade, plausible, sides_of
from tickfire.ingest.kernel.order_record import BOOKS_FULL, take_order, top_of
from tickfire.ingest.kernel.rows import find_row, mark_dirty
from tickfire.ingest.kernel.ticks import TICK_SHIFT, TICK_SIZE
from tickfire.ingest.kernel.tops.record import emit_own_clear, emit_own_top, lacks_top
from tickfire.ingest.kernel.tops.words import is_consolidated
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
from tickfire.kernels.pointers import as_i64, as_u8, as_u32
from tickfire.store.schema import DAY_S, HOUR_S

HOUR_NS: Final = HOUR_S * NS_PER_S
DAY_NS: Final = DAY_S * NS_PER_S

# Families of records whose fields have the same offsets.
BASE: Final = 0
"""Trades, MBP-1, MBP-10 and the consolidated schemas: price, action, ts_recv."""
BBO: Final = 1
"""As BASE without an action: quotes alone."""
MBO: Final = 2
OHLCV: Final = 3
OTHER: Final = 4
CONTROL: Final = 5
"""Control records, definitions, and the rare records of market data that Python decodes."""
MAX_BAR_VOLUME: Final = 1 << 56
"""A bar of a feed with more volume is not plausible: the volumes of a minute must add up."""


@helper
def family_of(rtype: Any) -> Any:
    """Return the family and the minimum size of a record type, as family << 16 | size."""
    if rtype == uint8(RTYPE_TRADE):
        return uint64(BASE << 16 | SIZE_TRADE)
    if rtype == uint8(RTYPE_MBO):
        return uint64(MBO << 16 | SIZE_MBO)
    if rtype == uint8(RTYPE_MBP_10):
        return uint64(BASE << 16 | SIZE_MBP_10)
    if rtype == uint8(RTYPE_MBP_1) or rtype == uint8(RTYPE_CMBP_1) or rtype == uint8(RTYPE_TCBBO):
        return uint64(BASE << 16 | SIZE_MBP_1)
    if rtype == uint8(RTYPE_BBO_1S) or rtype == uint8(RTYPE_BBO_1M):
        return uint64(BBO << 16 | SIZE_MBP_1)
    if rtype == uint8(RTYPE_CBBO_1S) or rtype == uint8(RTYPE_CBBO_1M):
        return uint64(BBO << 16 | SIZE_MBP_1)
    if rtype >= uint8(RTYPE_OHLCV_1S) and rtype <= uint8(RTYPE_OHLCV_EOD):
        return uint64(OHLCV << 16 | SIZE_OHLCV)
    if rtype >= uint8(RTYPE_ERROR) and rtype <= uint8(RTYPE_SYSTEM):
        return uint64(CONTROL << 16 | SIZE_CONTROL_V1)
    if rtype == uint8(RTYPE_DEFINITION):
        return uint64(CONTROL << 16 | SIZE_DEFINITION_V1)
    if rtype == uint8(RTYPE_STATUS):
        return uint64(CONTROL << 16 | SIZE_STATUS)
    if rtype == uint8(RTYPE_STATISTICS):
        return uint64(CONTROL << 16 | SIZE_STATISTICS_V1)
    if rtype == uint8(RTYPE_IMBALANCE):
        return uint64(CONTROL << 16 | SIZE_IMBALANCE)
    return uint64(OTHER << 16)


@helper
def times_of(record: Any, family: Any) -> Any:
    """Return the event time and the receive time of a record.

    The event of a BBO record is the end of its interval, ts_recv: its ts_event is the time of the
    last trade, which may be hours old, or absent. Otherwise one time stands in for the other if it
    is not plausible. Bars have no receive time.
    """
    b8 = as_i64(record)
    ts = b8[1]
    received = ts
    if family <= uint64(BBO):
        received = b8[4]
    elif family == uint64(MBO):
        received = b8[5]
    if not plausible(ts) or (family == uint64(BBO) and plausible(received)):
        ts = received
    if not plausible(received):
        received = ts
    return ts, received


@helper
def event_of(record: Any, family: Any) -> Any:
    """Return the price, size, action, side, flags and sequence of a record; 0 for what it lacks."""
    b1 = as_u8(record)
    b4 = as_u32(record)
    b8 = as_i64(record)
    if family == uint64(MBO):
        return b8[3], b4[8], b1[38], b1[39], b1[36], b4[13]
    action = uint8(0) if family == uint64(BBO) else b1[28]
    sequence = uint32(0) if is_consolidated(record) else b4[11]
    return b8[2], b4[6], action, b1[29], b1[30], sequence


@helper
def take_control(c: Any, record: Any) -> Any:
    """Put a control record on the list of control records; return whether it was taken.

    System messages and errors need not wait. The others wait until earlier ticks and bars are
    taken, and later ticks wait until they are taken, so that their order is kept.
    """
    cnt = as_i64(c[CTX_COUNTERS])
    rtype = as_u8(record)[1]
    is_ordered = rtype != uint8(RTYPE_SYSTEM) and rtype != uint8(RTYPE_ERROR)
    is_behind = cnt[COUNT_TICKS] > 0 or cnt[COUNT_BARS] > 0
    if (is_ordered and is_behind) or cnt[COUNT_CONTROLS] >= c[CTX_CONTROL_CAPACITY]:
        cnt[COUNT_STOP] = STOP_CONTROL
        return False
    if is_ordered:
        cnt[COUNT_TICK_ROOM] = 0
    as_i64(c[CTX_CONTROLS])[cnt[COUNT_CONTROLS]] = record - c[CTX_BUFFER]
    cnt[COUNT_CONTROLS] += 1
    cnt[COUNT_RECORDS] += 1
    return True


@helper
def spans_of(rtype: Any) -> Any:
    """Return the length (ns) of a type of bar, and the word of its latest closed bar in a row."""
    if rtype == uint8(RTYPE_OHLCV_1S):
        return SECOND_NS, ROW_S_CLOSED
    if rtype == uint8(RTYPE_OHLCV_1M):
        return MINUTE_NS, ROW_M_CLOSED
    if rtype == uint8(RTYPE_OHLCV_1H):
        return HOUR_NS, ROW_H_CLOSED
    return DAY_NS, ROW_D_CLOSED


@helper
def take_ohlcv(c: Any, at: Any, record: Any, rtype: Any, ts: Any) -> None:
    """Apply a bar that the feed itself made.

    A 1 s bar is folded into its minute, as our own are; a 1 m bar takes the place of the minute
    that is folded from 1 s bars, unless that one is closed. Longer bars are passed on as they are;
    of ``ohlcv-1d`` and ``ohlcv-eod``, an instrument has the one that came first. A bar of an
    instrument whose trades are received is ignored. Bars of one start, as of several publishers,
    add up, unless the feed began again between them.
    """
    row = as_i64(at)
    rec = as_i64(record)
    if rec[5] == UNDEF_PRICE or uint64(rec[6]) > uint64(MAX_BAR_VOLUME):
        as_i64(c[CTX_COUNTERS])[COUNT_UNDEFINED] += 1
        return
    is_minute = rtype == uint8(RTYPE_OHLCV_1M)
    span, closed = spans_of(rtype)
    start = ts - ts % span
    cleared = as_u32(at)
    if cleared[2 * ROW_CLEARED] != uint32(0) and row[ROW_LAST_TS] == 0:
        cleared[2 * ROW_CLEARED] = uint32(0)
        if start <= row[closed]:
            rewind(c, at)
    minute = row[ROW_M_CLOSED]
    is_folded = is_minute and row[ROW_S_CLOSED] > 0 and not is_by_feed(minute) and minute >= start
    is_other_day = span == DAY_NS and row[ROW_D_RTYPE] != 0 and row[ROW_D_RTYPE] != int64(rtype)
    if row[ROW_LAST_TS] != 0 or is_folded or is_other_day:
        as_i64(c[CTX_COUNTERS])[COUNT_OHLCV_IGNORED] += 1
        return
    mark_dirty(at)
    if span == HOUR_NS:
        emit_own_bar(c, at, record, start, HOUR_S, ROW_H_CLOSED)
        return
    if span == DAY_NS:
        row[ROW_D_RTYPE] = int64(rtype)
        emit_own_bar(c, at, record, start, DAY_S, ROW_D_CLOSED)
        return
    bar = ROW_S
    if is_minute:
        bar = ROW_M
    if is_minute and row[ROW_M] != start:
        close_minute(c, at)
    row[bar + START] = start
    row[bar + OPEN] = rec[2]
    row[bar + HIGH] = rec[3]
    row[bar + LOW] = rec[4]
    row[bar + CLOSE] = rec[5]
    row[bar + VOLUME] = rec[6]
    row[bar + TRADES] = 0
    row[bar + NOTIONAL] = rec[5] * rec[6]
    if not is_minute:
        close_second(c, at)
        return
    close_minute(c, at)
    if row[ROW_M_CLOSED] == start:
        row[ROW_M_CLOSED] = start + MADE_BY_FEED


@helper
def take_event(c: Any, at: Any, record: Any, family: Any, ts: Any, book: Any) -> None:
    """Write and apply the ticks of a trade, a clear or a change of the top of book.

    ``book`` is the address of the order book that an MBO record belongs to.
    """
    cnt = as_i64(c[CTX_COUNTERS])
    price, size, action, side, flags, sequence = event_of(record, family)
    quotes = c[CTX_TRADES_ONLY] == 0
    numbering = (False, 0, as_i64(c[CTX_POSITIONS]))
    made = c[CTX_TICKS] + cnt[COUNT_TICKS] * TICK_SIZE
    out = made
    number = uint64(as_u32(record)[1]) << uint64(32)
    feed = uint64(c[CTX_FEED]) << uint64(56)
    tail = uint64(sequence) | uint64(flags) << uint64(48) | feed
    if action == uint8(ACTION_TRADE):
        if price == UNDEF_PRICE:
            cnt[COUNT_UNDEFINED] += 1
        else:
            sided = tail | uint64(side) << uint64(40)
            out = emit_trade(c, at, out, ts, price, number, size, sided, numbering)
    elif action == uint8(ACTION_CLEAR) and quotes:
        out = emit_own_clear(c, record, at, out, ts, number, tail, numbering)
    if book != 0:
        if flags & uint8(FLAG_LAST) != uint8(0):  # the event is complete
            bid, ask, doubts = top_of(c, book)
            tail |= doubts << uint64(48)
            out = emit_own_top(c, record, at, out, ts, number, tail, numbering, bid, ask)
    elif quotes and family != uint64(MBO) and as_u8(record)[1] != uint8(RTYPE_TRADE):
        bid, ask = sides_of(record)
        out = emit_own_top(c, record, at, out, ts, number, tail, numbering, bid, ask)
    cnt[COUNT_TICKS] += (out - made) >> TICK_SHIFT


@helper
def take_data(c: Any, record: Any, rtype: Any, family: Any, end: Any) -> Any:
    """Parse a record of market data, whose bars are of type ``rtype``; return whether it was taken.

    If not, the stop counter says which output or table is full. ``end`` is the address after the
    last byte in the buffer.
    """
    cnt = as_i64(c[CTX_COUNTERS])
    bar_room = c[CTX_BAR_CAPACITY] - BARS_PER_TRADE
    if cnt[COUNT_TICKS] >= cnt[COUNT_TICK_ROOM]:
        cnt[COUNT_STOP] = STOP_TICKS
        return False
    if cnt[COUNT_BARS] > bar_room:
        cnt[COUNT_STOP] = STOP_BARS
        return False
    ts, received = times_of(record, family)
    if not plausible(ts):
        cnt[COUNT_BAD_TIME] += 1
        cnt[COUNT_RECORDS] += 1
        return True
    if received >= cnt[COUNT_SWEEP_AT]:
        if cnt[COUNT_BARS] + 2 * cnt[COUNT_INSTRUMENTS] > bar_room:
            cnt[COUNT_STOP] = STOP_BARS
            return False
        sweep(c, received)
        cnt[COUNT_SWEEP_AT] = next_sweep(received)
    at = find_row(c, c[CTX_FEED] << 32 | int64(as_u32(record)[1]))
    if at == 0:
        cnt[COUNT_STOP] = STOP_INSTRUMENTS
        return False
    if lacks_top(c, record, at):
        cnt[COUNT_STOP] = STOP_TOPS
        return False
    book = take_order(c, record, ts, end)
    if book == BOOKS_FULL:
        cnt[COUNT_STOP] = STOP_BOOKS
        return False
    cnt[COUNT_RECORDS] += 1
    if family != uint64(OHLCV):
        take_event(c, at, record, family, ts, book)
    elif c[CTX_TRADES_ONLY] == 0:
        take_ohlcv(c, at, record, rtype, ts)
    return True


@helper
def any_record(c: Any, record: Any, end: Any) -> Any:
    """Parse the record at an address; return the address of the next record.

    Returns the same address if the record was not taken; the stop counter says why. ``end`` is
    the address after the last byte in the buffer.
    """
    cnt = as_i64(c[CTX_COUNTERS])
    if record + HEADER_SIZE > end:
        cnt[COUNT_STOP] = STOP_END
        return record
    length = int64(as_u8(record)[0]) << 2
    if length < HEADER_SIZE or length & 7 != 0:
        cnt[COUNT_STOP] = STOP_BAD_LENGTH
        return record
    after = record + length
    if after > end:
        cnt[COUNT_STOP] = STOP_END
        return record
    rtype = as_u8(record)[1]
    if rtype == uint8(RTYPE_OHLCV_DEPRECATED):
        rtype = uint8(c[CTX_UNTIMED_BARS])
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
        return after if take_control(c, record) else record
    return after if take_data(c, record, rtype, family, end) else record


@helper
def is_common(record: Any, end: Any) -> Any:
    """Return whether a record is of the types that `parse_kernel.common_records` takes."""
    if record + HEADER_SIZE > end:
        return False
    rtype = as_u8(record)[1]
    return rtype == uint8(RTYPE_TRADE) or rtype == uint8(RTYPE_MBP_1)


@cold
def any_records(c: Any, record: Any, end: Any) -> Any:
    """Parse a record of any kind, and those after it up to a common one; see `any_record`."""
    cnt = as_i64(c[CTX_COUNTERS])
    while True:
        record = any_record(c, record, end)
        if cnt[COUNT_STOP] != STOP_NONE or is_common(record, end):
            return record
