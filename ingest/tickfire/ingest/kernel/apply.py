"""The effect of a tick on the row of its instrument, and the closing of running bars.

Bars are closed in pieces. A trade outside the running second closes that second as a piece. A
piece of a second that was closed before is flagged ``BAR_LATE`` and is to be merged into that
bar. Bars built from pieces therefore equal bars built from all trades in order of arrival,
whatever their times. Time may go back only after a clear: if the first trade after it is older
than the last trade before it, the running bars are closed, and the next closed bars are flagged
``BAR_REWIND``. For an instrument of which the feed sends bars and no trades, time goes back if the
first bar after a clear does not start after the latest one before it.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint32, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.kernel.context import (
    COUNT_BARS,
    COUNT_INSTRUMENTS,
    CTX_BARS,
    CTX_COUNTERS,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_CLEARED,
    ROW_D_CLOSED,
    ROW_D_RTYPE,
    ROW_H_CLOSED,
    ROW_KEY,
    ROW_LAST,
    ROW_LAST_SIZE,
    ROW_LAST_TS,
    ROW_M,
    ROW_M_CLOSED,
    ROW_POSITION,
    ROW_QUOTE_TS,
    ROW_S,
    ROW_S_CLOSED,
    ROW_TRADE_POSITION,
    ROW_VOLUME,
)
from tickfire.ingest.kernel.rows import mark_dirty, row_at
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
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64, as_u32
from tickfire.store.schema import BAR, BAR_LATE, BAR_REWIND

BARS_PER_TRADE: Final = 4
"""The most pieces that one trade can close."""
CLOSE_GRACE_NS: Final = 250_000_000
"""Feed time after the end of a bar during which it stays open for late trades."""
BAR_SIZE: Final = BAR.itemsize
MADE_BY_FEED: Final = 1
"""Added to the start of the latest closed 1 m bar of a row if the feed itself made that bar."""
CLEARED: Final = 1
"""Value of a row that was cleared; 1 more if the feed begins again."""
LOW_HALF: Final = 0xFFFF_FFFF


@helper
def next_bar(c: Any) -> Any:
    """Return the address of the next BAR of the output, and count it."""
    cnt = as_i64(c[CTX_COUNTERS])
    bar = c[CTX_BARS] + cnt[COUNT_BARS] * BAR_SIZE
    cnt[COUNT_BARS] += 1
    return bar


@helper
def finish_bar(at: Any, out: Any, trades: Any, interval_s: Any, closed: Any) -> None:
    """Write the last three words of the BAR at ``out``, whose start is written.

    ``closed`` is the word of the row that holds the start of the latest closed bar of the interval.
    """
    row = as_i64(at)
    bar = as_i64(out)
    start = bar[0]
    bar[7] = row[ROW_TRADE_POSITION]
    key = uint64(row[ROW_KEY])
    before = row[closed]
    flags = uint64(0)
    if before == -1:
        flags = uint64(BAR_REWIND)
    elif start <= before:
        flags = uint64(BAR_LATE)
    if start > before:
        row[closed] = start
    bar[8] = int64(uint64(trades) & uint64(LOW_HALF) | key << uint64(32))
    bar[9] = int64(uint64(interval_s) | key >> uint64(32) << uint64(32) | flags << uint64(40))


@cold
def emit_bar(c: Any, at: Any, running: Any, interval_s: Any, closed: Any) -> None:
    """Close the running bar whose first word is ``running`` as a piece; see `finish_bar`."""
    row = as_i64(at)
    out = next_bar(c)
    bar = as_i64(out)
    for k in range(START, VOLUME + 1):
        bar[k] = row[running + k]
    bar[6] = bar_vwap(row, uint64(running))
    finish_bar(at, out, row[running + TRADES], interval_s, closed)
    row[running + START] = 0
    mark_dirty(at)  # time alone may have closed it, and the snapshot must not hold it any more


@cold
def emit_own_bar(c: Any, at: Any, record: Any, start: Any, interval_s: Any, closed: Any) -> None:
    """Write a bar that the feed itself made, of an interval that has no running bar."""
    rec = as_i64(record)
    out = next_bar(c)
    bar = as_i64(out)
    bar[0] = start
    for k in range(1, 6):
        bar[k] = rec[k + 1]
    bar[6] = rec[5]
    finish_bar(at, out, 0, interval_s, closed)


@cold
def close_minute(c: Any, at: Any) -> None:
    """Close the running 1 m bar of a row, if there is one."""
    if as_i64(at)[ROW_M] != 0:
        emit_bar(c, at, ROW_M, 60, ROW_M_CLOSED)


@helper
def is_by_feed(minute: Any) -> Any:
    """Return whether the feed itself made the latest closed 1 m bar, as a row tells."""
    return minute > 0 and minute & MADE_BY_FEED != 0


@cold
def close_second(c: Any, at: Any) -> None:
    """Close the running 1 s bar of a row, if there is one, and fold it into its minute.

    It is not folded into a minute of which the feed has sent the whole bar.
    """
    row = as_i64(at)
    start = row[ROW_S]
    if start == 0:
        return
    minute = start - start % MINUTE_NS
    if not (is_by_feed(row[ROW_M_CLOSED]) and minute < row[ROW_M_CLOSED]):
        if row[ROW_M] != minute:
            close_minute(c, at)
        bar_fold(row, uint64(ROW_M), uint64(ROW_S), minute)
    emit_bar(c, at, ROW_S, 1, ROW_S_CLOSED)


@cold
def rewind(c: Any, at: Any) -> None:
    """Close the running bars because time went back; the next closed bars void later ones."""
    row = as_i64(at)
    close_second(c, at)
    close_minute(c, at)
    # An interval of which no bar was closed yet, as of a feed of 1 m bars alone, stays as it is.
    if row[ROW_S_CLOSED] != 0:
        row[ROW_S_CLOSED] = -1
    if row[ROW_M_CLOSED] != 0:
        row[ROW_M_CLOSED] = -1
    if row[ROW_H_CLOSED] != 0:
        row[ROW_H_CLOSED] = -1
    if row[ROW_D_CLOSED] != 0:
        row[ROW_D_CLOSED] = -1
    row[ROW_D_RTYPE] = 0
    row[ROW_VOLUME] = 0


@helper
def in_running_second(at: Any, ts: Any) -> Any:
    """Return whether a trade at ``ts`` belongs to the running 1 s bar, and nothing was cleared."""
    cleared = as_u32(at)[2 * ROW_CLEARED]
    # One unsigned comparison tells that a bar runs and that the trade is neither older nor newer.
    return cleared == uint32(0) and uint64(ts - as_i64(at)[ROW_S]) < uint64(SECOND_NS)


@cold
def begin_second(c: Any, at: Any, ts: Any, price: Any, size: Any) -> None:
    """Close the bars that a trade outside the running second ends, and open a bar with it."""
    row = as_i64(at)
    cleared = as_u32(at)
    if cleared[2 * ROW_CLEARED] != uint32(0):
        begins_again = int64(cleared[2 * ROW_CLEARED]) - CLEARED
        cleared[2 * ROW_CLEARED] = uint32(0)
        if ts < row[ROW_LAST_TS] + begins_again:
            rewind(c, at)
        elif in_running_second(at, ts):
            bar_add(row, uint64(ROW_S), price, size)
            return
    close_second(c, at)
    if uint64(ts - row[ROW_M]) >= uint64(MINUTE_NS):
        close_minute(c, at)
    bar_open(row, uint64(ROW_S), ts - ts % SECOND_NS, price, size)


@helper
def apply_trade(c: Any, at: Any, ts: Any, price: Any, size: Any, position: Any) -> None:
    """Fold a trade into a row; the output must have room for `BARS_PER_TRADE` bars."""
    row = as_i64(at)
    if in_running_second(at, ts):
        bar_add(row, uint64(ROW_S), price, size)
    else:
        begin_second(c, at, ts, price, size)
    row[ROW_LAST] = price
    row[ROW_LAST_SIZE] = size
    row[ROW_LAST_TS] = ts
    row[ROW_VOLUME] += size
    row[ROW_TRADE_POSITION] = position
    row[ROW_POSITION] = position
    mark_dirty(at)


@helper
def apply_side(
    at: Any, price_word: Any, size_word: Any, ts: Any, price: Any, size: Any, position: Any
) -> None:
    """Set one side of the top of book of a row."""
    row = as_i64(at)
    row[price_word] = price
    row[size_word] = size
    row[ROW_QUOTE_TS] = ts
    row[ROW_POSITION] = position
    mark_dirty(at)


@helper
def apply_clear(at: Any, position: Any, again: Any) -> None:
    """Void the top of book of a row, and allow time to go back with the next trade.

    ``again`` is 1 if the feed begins again, so that a trade as old as the last one goes back, too.
    """
    row = as_i64(at)
    row[ROW_BID] = UNDEF_PRICE
    row[ROW_ASK] = UNDEF_PRICE
    row[ROW_BID_SIZE] = 0
    row[ROW_ASK_SIZE] = 0
    as_u32(at)[2 * ROW_CLEARED] = uint32(CLEARED + again)
    row[ROW_POSITION] = position
    mark_dirty(at)


@cold
def sweep(c: Any, feed_time: Any) -> None:
    """Close the bars that ended by feed time.

    The output must have room for two bars of each instrument.
    """
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


@helper
def next_sweep(feed_time: Any) -> Any:
    """Return the feed time (ns) at which bars are next due, once those due by now are closed."""
    due = feed_time - CLOSE_GRACE_NS
    return due - due % SECOND_NS + SECOND_NS + CLOSE_GRACE_NS
