"""The effect of a record on the tops of its publisher and of its instrument.

The top of an instrument that several publishers quote is the consolidated one: the best bid and
the best ask of any, with the sizes at equal prices added up. Once a feed sends consolidated quotes
of an instrument, its top is theirs alone, until the feed begins again; the tops of publishers are
kept beside it.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint32, uint64

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import LARGEST_SIZE
from tickfire.ingest.kernel.context import (
    CTX_FEED,
    CTX_TOPS,
    ROW_ASK,
    ROW_ASK_SIZE,
    ROW_BID,
    ROW_BID_SIZE,
    ROW_PUBLISHER,
    ROW_QUOTE_TS,
)
from tickfire.ingest.kernel.emit import emit_clear, emit_top
from tickfire.ingest.kernel.tops.words import (
    CONSOLIDATED,
    ENTRY_WORDS,
    NUMBER,
    SHARED,
    TOP_ASK,
    TOP_BID,
    TOP_CHANGED,
    TOP_KEY,
    TOP_NEXT,
    TOP_SIZES,
    TOP_TS,
    TOPS_CAPACITY,
    TOPS_CHANGED,
    TOPS_COUNT,
    TOPS_ENTRIES,
    is_consolidated,
    publisher_of,
)
from tickfire.kernels.jit import cold, helper
from tickfire.kernels.pointers import as_i64, as_u32

ENTRIES_PER_RECORD: Final = 2
"""Maximum tops that a record adds: that of the row and its own."""


@helper
def lacks_top(c: Any, record: Any, at: Any) -> Any:
    """Return whether the table must grow before a record can be applied."""
    t = as_i64(c[CTX_TOPS])
    owner = as_u32(at)[ROW_PUBLISHER]
    is_own = owner == publisher_of(record) + uint32(1) and not is_consolidated(record)
    if owner == uint32(0) or is_own:
        return False
    return t[TOPS_COUNT] + ENTRIES_PER_RECORD > t[TOPS_CAPACITY]


@helper
def entry_at(t: Any, number: Any) -> Any:
    """Return the address of the top with a number, which is counted from 1."""
    return t[TOPS_ENTRIES] + (int64(number) - 1) * (8 * ENTRY_WORDS)


@helper
def find_top(t: Any, at: Any, publisher: Any) -> Any:
    """Return the address of a publisher's top, or 0 if the table has none."""
    number = as_u32(at)[ROW_PUBLISHER] & uint32(NUMBER)
    while number != uint32(0):
        entry = entry_at(t, number)
        if uint64(as_i64(entry)[TOP_KEY]) >> uint64(48) == uint64(publisher):
            return entry
        number = as_u32(entry)[TOP_NEXT]
    return int64(0)


@cold
def add_top(c: Any, at: Any, number: Any, publisher: Any) -> Any:
    """Add an empty top of a publisher to the table, which has room; return its address."""
    t = as_i64(c[CTX_TOPS])
    owners = as_u32(at)
    t[TOPS_COUNT] += 1
    entry = entry_at(t, t[TOPS_COUNT])
    key = number >> uint64(32) | uint64(c[CTX_FEED]) << uint64(32)
    as_i64(entry)[TOP_KEY] = int64(key | uint64(publisher) << uint64(48))
    as_i64(entry)[TOP_BID] = UNDEF_PRICE
    as_i64(entry)[TOP_ASK] = UNDEF_PRICE
    as_u32(entry)[TOP_NEXT] = owners[ROW_PUBLISHER] & uint32(NUMBER)
    kept = owners[ROW_PUBLISHER] & uint32(CONSOLIDATED)
    owners[ROW_PUBLISHER] = uint32(SHARED) | kept | uint32(t[TOPS_COUNT])
    return entry


@helper
def set_top(t: Any, entry: Any, ts: Any, flags: Any, bid: Any, ask: Any) -> None:
    """Set both sides of a publisher's top, and note whether that has changed it."""
    top = as_i64(entry)
    halves = as_u32(entry)
    if (
        top[TOP_BID] == bid[0]
        and top[TOP_ASK] == ask[0]
        and uint64(halves[TOP_SIZES]) == bid[1]
        and uint64(halves[TOP_SIZES + 1]) == ask[1]
    ):
        return
    top[TOP_BID], top[TOP_ASK], top[TOP_TS] = bid[0], ask[0], ts
    halves[TOP_SIZES], halves[TOP_SIZES + 1] = uint32(bid[1]), uint32(ask[1])
    key = uint64(top[TOP_KEY]) & ~uint64(0xFF << 40)
    top[TOP_KEY] = int64(key | (flags & uint64(0xFF)) << uint64(40))
    halves[TOP_CHANGED] = uint32(1)
    t[TOPS_CHANGED] = 1


@cold
def share_top(c: Any, at: Any, number: Any) -> None:
    """Move the top of a row's one publisher to the table."""
    row = as_i64(at)
    owners = as_u32(at)
    publisher = owners[ROW_PUBLISHER] - uint32(1)
    owners[ROW_PUBLISHER] = uint32(0)
    entry = add_top(c, at, number, publisher)
    bid = (row[ROW_BID], uint64(row[ROW_BID_SIZE]))
    ask = (row[ROW_ASK], uint64(row[ROW_ASK_SIZE]))
    set_top(as_i64(c[CTX_TOPS]), entry, row[ROW_QUOTE_TS], uint64(0), bid, ask)


@helper
def best_of_publishers(t: Any, at: Any) -> Any:
    """Return the consolidated bid and ask of an instrument, each as (price, size)."""
    bid = UNDEF_PRICE
    ask = UNDEF_PRICE
    bid_size = uint64(0)
    ask_size = uint64(0)
    number = as_u32(at)[ROW_PUBLISHER] & uint32(NUMBER)
    while number != uint32(0):
        entry = entry_at(t, number)
        halves = as_u32(entry)
        price = as_i64(entry)[TOP_BID]
        if price != UNDEF_PRICE:
            if bid == UNDEF_PRICE or price > bid:
                bid = price
                bid_size = uint64(0)
            if price == bid:
                bid_size += uint64(halves[TOP_SIZES])
        price = as_i64(entry)[TOP_ASK]
        if price != UNDEF_PRICE:
            if price < ask:
                ask = price
                ask_size = uint64(0)
            if price == ask:
                ask_size += uint64(halves[TOP_SIZES + 1])
        number = halves[TOP_NEXT]
    most = uint64(LARGEST_SIZE)
    return (bid, min(bid_size, most)), (ask, min(ask_size, most))


@cold
def emit_shared_top(
    c: Any,
    record: Any,
    at: Any,
    out: Any,
    ts: Any,
    number: Any,
    tail: Any,
    numbering: Any,
    bid: Any,
    ask: Any,
) -> Any:
    """Take a top of another publisher than the row's; see `emit_own_top`."""
    t = as_i64(c[CTX_TOPS])
    owners = as_u32(at)
    if owners[ROW_PUBLISHER] != uint32(0) and owners[ROW_PUBLISHER] < uint32(CONSOLIDATED):
        share_top(c, at, number)
    if is_consolidated(record):
        owners[ROW_PUBLISHER] |= uint32(SHARED | CONSOLIDATED)
        return emit_top(at, out, ts, number, tail, numbering, bid, ask)
    publisher = publisher_of(record)
    entry = find_top(t, at, publisher)
    if entry == 0:
        entry = add_top(c, at, number, publisher)
    set_top(t, entry, ts, tail >> uint64(48), bid, ask)
    if owners[ROW_PUBLISHER] & uint32(CONSOLIDATED) != uint32(0):
        return out
    best_bid, best_ask = best_of_publishers(t, at)
    return emit_top(at, out, ts, number, tail, numbering, best_bid, best_ask)


@helper
def emit_own_top(
    c: Any,
    record: Any,
    at: Any,
    out: Any,
    ts: Any,
    number: Any,
    tail: Any,
    numbering: Any,
    bid: Any,
    ask: Any,
) -> Any:
    """Take the top of a record's publisher, and write the ticks of that of the instrument.

    ``bid`` and ``ask`` are the publisher's, as for `emit_top`. The table must have room; see
    `lacks_top`.
    """
    owners = as_u32(at)
    own = publisher_of(record) + uint32(1)
    if owners[ROW_PUBLISHER] == uint32(0) and not is_consolidated(record):
        owners[ROW_PUBLISHER] = own
    if owners[ROW_PUBLISHER] == own and not is_consolidated(record):
        return emit_top(at, out, ts, number, tail, numbering, bid, ask)
    return emit_shared_top(c, record, at, out, ts, number, tail, numbering, bid, ask)


@cold
def emit_own_clear(
    c: Any, record: Any, at: Any, out: Any, ts: Any, number: Any, tail: Any, numbering: Any
) -> Any:
    """Empty the top of a record's publisher, and write the ticks of that of the instrument.

    That is a clear if the instrument's top was of this publisher alone.
    """
    t = as_i64(c[CTX_TOPS])
    owner = as_u32(at)[ROW_PUBLISHER]
    is_whole = owner == publisher_of(record) + uint32(1)
    if is_consolidated(record):
        is_whole = owner & uint32(CONSOLIDATED) != uint32(0)
    if is_whole or owner == uint32(0):
        return emit_clear(at, out, ts, number, tail, numbering)
    if owner < uint32(CONSOLIDATED) or is_consolidated(record):
        return out
    entry = find_top(t, at, publisher_of(record))
    if entry == 0:
        return out
    nothing = (UNDEF_PRICE, uint64(0))
    set_top(t, entry, ts, tail >> uint64(48), nothing, nothing)
    if owner & uint32(CONSOLIDATED) != uint32(0):
        return out
    bid, ask = best_of_publishers(t, at)
    return emit_top(at, out, ts, number, tail, numbering, bid, ask)
