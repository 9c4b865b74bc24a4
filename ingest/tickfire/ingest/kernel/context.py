"""The one argument of the kernels: an int64 array of addresses, capacities and options.

The words of the context (``CTX_*``), of the counters behind it (``COUNT_*``), of a STATE row
(``ROW_*``) and why a kernel came back (``STOP_*``). The kernels take them as constants.
"""

from __future__ import annotations

from typing import Final

from tickfire.store.schema import STATE

# --- context
CTX_BUFFER: Final = 0
"""uint8[], 8-aligned: the bytes to parse, or TICK[] to fold."""
CTX_STATE: Final = 1
"""STATE[max_instruments]."""
CTX_TABLE: Final = 2
"""int64[hash_mask + 1]: the address of an instrument's row; where free, of the blank row."""
CTX_BLANK: Final = 3
"""The address of a row that is no instrument's: its key is -1."""
CTX_KEYS: Final = CTX_TABLE
CTX_SLOTS: Final = CTX_BLANK
CTX_TICKS: Final = 4
"""TICK[tick_capacity], out."""
CTX_BARS: Final = 5
"""BAR[bar_capacity], out."""
CTX_COUNTERS: Final = 6
"""int64[COUNTERS]."""
CTX_POSITIONS: Final = 7
"""int64[shards]: n of the last tick of each shard."""
CTX_CONTROLS: Final = 8
"""int64[control_capacity], out: offsets of control records."""
CTX_TICK_CAPACITY: Final = 9
CTX_BAR_CAPACITY: Final = 10
CTX_CONTROL_CAPACITY: Final = 11
CTX_HASH_MASK: Final = 12
CTX_MAX_INSTRUMENTS: Final = 13
CTX_SHARDS: Final = 14
CTX_FEED: Final = 15
CTX_TRADES_ONLY: Final = 16
"""1: bars from trades alone; quotes and the feed's own bars are passed over."""
CTX_WORDS: Final = 17

# --- counters
COUNT_INSTRUMENTS: Final = 0
COUNT_TICKS: Final = 1
"""In the output buffer now."""
COUNT_BARS: Final = 2
COUNT_CONTROLS: Final = 3
COUNT_STOP: Final = 4
COUNT_SWEEP_AT: Final = 5
"""Feed time (ns) at which bars are due to be closed next."""
COUNT_RECORDS: Final = 7
COUNT_SHORT: Final = 8
"""Records too short for their type: skipped."""
COUNT_UNDEFINED: Final = 9
"""Trades without a price: skipped."""
COUNT_BAD_TIME: Final = 10
"""Records without a plausible time: skipped."""
COUNT_OHLCV_IGNORED: Final = 11
"""The feed's own bars of an instrument whose trades come too: skipped."""
COUNT_TICK_ROOM: Final = 12
"""While fewer ticks than this are in the output, one more record may be parsed."""
COUNT_SKIPPED: Final = 16
"""256 counters: records passed over by length, by rtype."""
COUNTERS: Final = COUNT_SKIPPED + 256

# --- why a kernel came back
STOP_NONE: Final = -1
"""It has not: only within a call."""
STOP_END: Final = 0
"""No whole record is left."""
STOP_TICKS: Final = 1
STOP_BARS: Final = 2
STOP_CONTROL: Final = 3
"""A control record waits behind ticks, so that their order is kept."""
STOP_INSTRUMENTS: Final = 4
"""The table of instruments is full: grow it."""
STOP_BAD_LENGTH: Final = 5
"""A record whose length cannot be: the stream cannot be read on."""


def _word(field: str) -> int:
    return int(STATE.fields[field][1]) // 8 if STATE.fields else 0


# --- a row of STATE, in 8-byte words
ROW_WORDS: Final = STATE.itemsize // 8
ROW_KEY: Final = _word("instrument_id")
"""instrument_id in the low half, feed in the high half."""
ROW_N: Final = _word("n")
ROW_BID: Final = _word("bid_price")
ROW_ASK: Final = _word("ask_price")
ROW_BID_SIZE: Final = _word("bid_size")
ROW_ASK_SIZE: Final = _word("ask_size")
ROW_QUOTE_TS: Final = _word("quote_ts")
ROW_LAST: Final = _word("last_price")
ROW_LAST_SIZE: Final = _word("last_size")
ROW_LAST_TS: Final = _word("last_ts")
ROW_VOLUME: Final = _word("volume")
ROW_TRADE_N: Final = _word("trade_n")
ROW_CLEARED: Final = _word("cleared")
"""cleared in the low half, shard in the high half."""
ROW_DIRTY: Final = _word("dirty")
ROW_S_CLOSED: Final = _word("s_closed")
ROW_M_CLOSED: Final = _word("m_closed")
ROW_S: Final = _word("s_start")
ROW_M: Final = _word("m_start")
