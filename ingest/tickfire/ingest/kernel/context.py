"""Words of the kernels' context: one int64 array of addresses, capacities and options.

A kernel takes the address of this array as its one argument for memory. The constants name the
words of the context (``CTX_*``), the counters it points to (``COUNT_*``), the reasons for which a
kernel returns (``STOP_*``), and the 8-byte words of a STATE row (``ROW_*``).
"""

from __future__ import annotations

from typing import Final

from tickfire.store.schema import STATE

# --- context
CTX_BUFFER: Final = 0
"""uint8[], 8-aligned: the records to parse, or the TICK[] to fold."""
CTX_STATE: Final = 1
"""STATE[max_instruments]."""
CTX_TABLE: Final = 2
"""int64[hash_mask + 1]: the address of an instrument's row, or of the blank row if unused."""
CTX_BLANK: Final = 3
"""The address of the blank row, which belongs to no instrument: its key is -1."""
CTX_TICKS: Final = 4
"""TICK[tick_capacity], output."""
CTX_BARS: Final = 5
"""BAR[bar_capacity], output."""
CTX_COUNTERS: Final = 6
"""int64[COUNTERS]."""
CTX_POSITIONS: Final = 7
"""int64[shards]: the position of the last tick of each shard."""
CTX_CONTROLS: Final = 8
"""int64[control_capacity], output: the offsets of control and rare records in the buffer."""
CTX_TICK_CAPACITY: Final = 9
CTX_BAR_CAPACITY: Final = 10
CTX_CONTROL_CAPACITY: Final = 11
CTX_HASH_MASK: Final = 12
CTX_MAX_INSTRUMENTS: Final = 13
CTX_SHARDS: Final = 14
CTX_FEED: Final = 15
CTX_TRADES_ONLY: Final = 16
"""1: make bars from trades alone, and skip quotes and the feed's own bars."""
CTX_UNTIMED_BARS: Final = 17
"""The record type for which `RTYPE_OHLCV_DEPRECATED` stands; itself: unknown, so skip them."""
CTX_BOOKS: Final = 18
"""The context of the order books; see `tickfire.ingest.kernel.books.words`."""
CTX_TOPS: Final = 19
"""The context of the tops of publishers; see `tickfire.ingest.kernel.tops.words`."""
CTX_WORDS: Final = 20

# --- counters
COUNT_INSTRUMENTS: Final = 0
COUNT_TICKS: Final = 1
"""Ticks in the output."""
COUNT_BARS: Final = 2
"""Bars in the output."""
COUNT_CONTROLS: Final = 3
"""Control records in the output."""
COUNT_STOP: Final = 4
"""Reason for which the kernel returned: ``STOP_*``."""
COUNT_SWEEP_AT: Final = 5
"""Feed time (ns) at which bars are next due to be closed."""
COUNT_RECORDS: Final = 6
COUNT_SHORT: Final = 7
"""Skipped records: too short for their type."""
COUNT_UNDEFINED: Final = 8
"""Skipped trades and bars: without a price, or bars without a plausible volume."""
COUNT_BAD_TIME: Final = 9
"""Skipped records: without a plausible time."""
COUNT_OHLCV_IGNORED: Final = 10
"""Skipped bars of the feed: the instrument's trades are received, too."""
COUNT_TICK_ROOM: Final = 11
"""Another record may be parsed while the output holds fewer ticks than this."""
COUNT_SKIPPED: Final = 12
"""256 counters, one for each rtype: records of types that are not parsed."""
COUNTERS: Final = COUNT_SKIPPED + 256

# --- why a kernel returned
STOP_NONE: Final = -1
"""Not yet; seen only during a call."""
STOP_END: Final = 0
"""No whole record is left."""
STOP_TICKS: Final = 1
"""The output of ticks is full."""
STOP_BARS: Final = 2
"""The output of bars is full."""
STOP_CONTROL: Final = 3
"""A control record follows ticks, which must be taken first to keep their order."""
STOP_INSTRUMENTS: Final = 4
"""The table of instruments is full and must grow."""
STOP_BAD_LENGTH: Final = 5
"""A record has an impossible length; the rest of the stream cannot be read."""
STOP_BOOKS: Final = 6
"""A table of the order books is full and must grow."""
STOP_TOPS: Final = 7
"""The table of the tops of publishers is full and must grow."""


def _word(field: str) -> int:
    return int(STATE.fields[field][1]) // 8 if STATE.fields else 0


# --- a row of STATE, in 8-byte words
ROW_WORDS: Final = STATE.itemsize // 8
ROW_KEY: Final = _word("instrument_id")
"""instrument_id in the low half, feed in the high half."""
ROW_POSITION: Final = _word("n")
ROW_BID: Final = _word("bid_price")
ROW_ASK: Final = _word("ask_price")
ROW_BID_SIZE: Final = _word("bid_size")
ROW_ASK_SIZE: Final = _word("ask_size")
ROW_QUOTE_TS: Final = _word("quote_ts")
ROW_LAST: Final = _word("last_price")
ROW_LAST_SIZE: Final = _word("last_size")
ROW_LAST_TS: Final = _word("last_ts")
ROW_VOLUME: Final = _word("volume")
ROW_TRADE_POSITION: Final = _word("trade_n")
ROW_CLEARED: Final = _word("cleared")
"""cleared in the low half, shard in the high half."""
ROW_DIRTY: Final = _word("dirty")
"""dirty in the low half, publisher in the high half."""
ROW_PUBLISHER: Final = 2 * ROW_DIRTY + 1
"""In 4-byte words."""
ROW_S_CLOSED: Final = _word("s_closed")
ROW_M_CLOSED: Final = _word("m_closed")
ROW_H_CLOSED: Final = _word("h_closed")
ROW_D_CLOSED: Final = _word("d_closed")
ROW_D_RTYPE: Final = _word("d_rtype")
ROW_S: Final = _word("s_start")
"""First word of the running 1 s bar."""
ROW_M: Final = _word("m_start")
"""First word of the running 1 m bar."""
