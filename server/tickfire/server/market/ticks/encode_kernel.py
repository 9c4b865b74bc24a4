"""Kernels that write ticks as finished WebSocket frames, in one pass over an entry.

A JSON frame is ``head`` + payload + ``tail``. Head and tail are the serializer's envelope of the
topic's broadcasts; the payload is written here. Prices become their shortest exact decimals. An id
is ``id_head`` + the tick's position in base 36 + ``id_tail``.

The kernels read and write by address. `tickfire.server.market.ticks.encode` owns the memory, checks
every length, and provides an output that the frames cannot outgrow (see `FRAME_ROOM`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import int64, uint8, uint64

from tickfire.base.units import NS_PER_MS, UNDEF_PRICE
from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_i64, as_u8
from tickfire.server.market.json_text import (
    put,
    put_base36,
    put_bytes,
    put_int,
    put_price,
    put_size,
    put_uint,
)
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE

# --- words of the context
E_TICKS: Final = 0
"""TICK[count]."""
E_SLOTS: Final = 1
"""int64[count]: the slot of each tick's instrument."""
E_COUNT: Final = 2
E_FIRST: Final = 3
"""The position of the first tick."""
E_TEXT: Final = 4
"""uint8[]: the symbols, escaped for JSON."""
E_OFFSETS: Final = 5
"""int64[slots + 1]: the offset of each symbol in the text."""
E_WANTED: Final = 6
"""uint8[slots], 1 for each slot to encode; address 0 stands for all slots."""
E_OUT: Final = 7
E_USED: Final = 8
"""Output: the number of bytes written."""
E_HEAD: Final = 9
E_HEAD_SIZE: Final = 10
E_TAIL: Final = 11
E_TAIL_SIZE: Final = 12
E_ID_HEAD: Final = 13
E_ID_HEAD_SIZE: Final = 14
E_ID_TAIL: Final = 15
E_ID_TAIL_SIZE: Final = 16
# The rest is for the topic of one instrument.
E_SLOT: Final = 17
E_QUOTE_HEAD: Final = 18
E_QUOTE_HEAD_SIZE: Final = 19
E_BID: Final = 20
"""The top of book before the first tick, in four words: bid, ask, bid_size, ask_size."""
E_ASK: Final = 21
E_BID_SIZE: Final = 22
E_ASK_SIZE: Final = 23
E_WORDS: Final = 24

HEADER_SIZE: Final = 4
"""Bytes of the header of a WebSocket frame of 126 to 65,535 bytes; no others are written here."""
MIN_FRAME: Final = 126
MAX_FRAME: Final = 65_535
FRAME_ROOM: Final = 320
"""Bytes that no payload exceeds, apart from its symbol and the ends of its id: 150 bytes of keys
and 6 numbers of at most 20 characters."""
LEAST_PAYLOAD: Final = 83
"""Bytes of the shortest payload, without its symbol."""

_OPCODE_TEXT: Final = 0x81
_LENGTH_16: Final = 126
_TICK_WORDS: Final = 4
_LOW_HALF: Final = 0xFFFF_FFFF
_SELL: Final = ord("A")
_BUY: Final = ord("B")
_NO_SIDE: Final = ord("N")


def _text(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8)


_SYMBOL = _text('{"symbol":"')
_PRICE = _text('","price":')
_VOLUME = _text(',"volume":')
_TIMESTAMP = _text(',"timestamp":')
_TS_EVENT = _text(',"ts_event":"')
_SIDE = _text('","side":"')
_ID = _text('","id":"')
_END = _text('"}')
_BID = _text('","bid":')
_ASK = _text(',"ask":')
_BID_SIZE = _text(',"bid_size":')
_ASK_SIZE = _text(',"ask_size":')


@helper
def put_begin(c: Any, out: Any, at: Any, head: Any, head_size: Any, slot: Any) -> Any:
    """Write a frame up to its symbol, and leave room for the frame's header."""
    at = put_bytes(out, at + uint64(HEADER_SIZE), head, 0, head_size)
    at = put(out, at, _SYMBOL)
    offsets = as_i64(c[E_OFFSETS])
    return put_bytes(out, at, as_u8(c[E_TEXT]), offsets[slot], offsets[slot + uint64(1)])


@helper
def put_time(out: Any, at: Any, ts: Any) -> Any:
    """Write timestamp (ms, rounded down) and ts_event (ns), whose string is left open."""
    at = put_int(out, put(out, at, _TIMESTAMP), ts // int64(NS_PER_MS))
    return put_int(out, put(out, at, _TS_EVENT), ts)


@helper
def put_end(c: Any, out: Any, begin: Any, at: Any, position: Any) -> Any:
    """Write the id and the tail, then the frame's header."""
    at = put(out, at, _ID)
    at = put_bytes(out, at, as_u8(c[E_ID_HEAD]), 0, c[E_ID_HEAD_SIZE])
    at = put_base36(out, at, uint64(position))
    at = put_bytes(out, at, as_u8(c[E_ID_TAIL]), 0, c[E_ID_TAIL_SIZE])
    at = put(out, at, _END)
    at = put_bytes(out, at, as_u8(c[E_TAIL]), 0, c[E_TAIL_SIZE])
    size = at - begin - uint64(HEADER_SIZE)
    out[begin] = uint8(_OPCODE_TEXT)
    out[begin + uint64(1)] = uint8(_LENGTH_16)
    out[begin + uint64(2)] = uint8(size >> uint64(8))
    out[begin + uint64(3)] = uint8(size & uint64(0xFF))
    return at


@helper
def put_trade(c: Any, t: Any, i: Any, slot: Any, position: Any, out: Any, at: Any) -> Any:
    """Write the frame of one trade."""
    begin = at
    w = i * uint64(_TICK_WORDS)
    at = put_begin(c, out, at, as_u8(c[E_HEAD]), c[E_HEAD_SIZE], slot)
    at = put_price(out, put(out, at, _PRICE), t[w + uint64(1)])
    at = put_uint(out, put(out, at, _VOLUME), uint64(t[w + uint64(2)]) & uint64(_LOW_HALF))
    at = put_time(out, at, t[w])
    at = put(out, at, _SIDE)
    side = (uint64(t[w + uint64(3)]) >> uint64(40)) & uint64(0xFF)
    if side != uint64(_SELL) and side != uint64(_BUY):
        side = uint64(_NO_SIDE)
    out[at] = uint8(side)
    return put_end(c, out, begin, at + uint64(1), position)


@helper
def put_quote(c: Any, ts: Any, slot: Any, position: Any, out: Any, at: Any) -> Any:
    """Write the frame of one quote: the top of book that is in the context."""
    begin = at
    at = put_begin(c, out, at, as_u8(c[E_QUOTE_HEAD]), c[E_QUOTE_HEAD_SIZE], slot)
    at = put_price(out, put(out, at, _BID), c[E_BID])
    at = put_price(out, put(out, at, _ASK), c[E_ASK])
    at = put_size(out, put(out, at, _BID_SIZE), c[E_BID], c[E_BID_SIZE])
    at = put_size(out, put(out, at, _ASK_SIZE), c[E_ASK], c[E_ASK_SIZE])
    at = put_time(out, at, ts)
    return put_end(c, out, begin, at, position)


@kernel("int64(int64)")
def encode_trades(context: Any) -> Any:
    """Encode the trades of the wanted slots; return the number of frames."""
    c = as_i64(context)
    t = as_i64(c[E_TICKS])
    slots = as_i64(c[E_SLOTS])
    out = as_u8(c[E_OUT])
    wanted = as_u8(c[E_WANTED])
    every = c[E_WANTED] == 0
    at = uint64(0)
    frames = int64(0)
    for i in range(uint64(c[E_COUNT])):
        kind = (uint64(t[i * uint64(_TICK_WORDS) + uint64(3)]) >> uint64(32)) & uint64(0xFF)
        if kind != uint64(TICK_TRADE):
            continue
        slot = uint64(slots[i])
        if every or wanted[slot] != uint8(0):
            at = put_trade(c, t, i, slot, c[E_FIRST] + int64(i), out, at)
            frames += 1
    c[E_USED] = int64(at)
    return frames


@kernel("int64(int64, int64)")
def encode_instrument(context: Any, with_quotes: Any) -> Any:
    """Encode the trades, and on request the quotes, of one slot; return the number of frames.

    Changes of the top of book with no trade between them become one quote, with the id of the last.
    """
    c = as_i64(context)
    t = as_i64(c[E_TICKS])
    slots = as_i64(c[E_SLOTS])
    out = as_u8(c[E_OUT])
    wanted = c[E_SLOT]
    at = uint64(0)
    frames = int64(0)
    quoted = int64(0)  # the position of the last change that is not written yet
    quoted_ts = int64(0)
    for i in range(uint64(c[E_COUNT])):
        if slots[i] != wanted:
            continue
        w = i * uint64(_TICK_WORDS)
        mixed = uint64(t[w + uint64(3)])
        kind = (mixed >> uint64(32)) & uint64(0xFF)
        position = c[E_FIRST] + int64(i)
        if kind == uint64(TICK_TRADE):
            if quoted != 0:
                at = put_quote(c, quoted_ts, uint64(wanted), quoted, out, at)
                frames += 1
                quoted = int64(0)
            at = put_trade(c, t, i, uint64(wanted), position, out, at)
            frames += 1
            continue
        if with_quotes == 0:
            continue
        size = int64(uint64(t[w + uint64(2)]) & uint64(_LOW_HALF))
        if kind == uint64(TICK_BID):
            c[E_BID] = t[w + uint64(1)]
            c[E_BID_SIZE] = size
        elif kind == uint64(TICK_ASK):
            c[E_ASK] = t[w + uint64(1)]
            c[E_ASK_SIZE] = size
        elif kind == uint64(TICK_CLEAR):
            c[E_BID] = UNDEF_PRICE
            c[E_ASK] = UNDEF_PRICE
        else:
            continue
        quoted = position
        quoted_ts = t[w]
    if quoted != 0:
        at = put_quote(c, quoted_ts, uint64(wanted), quoted, out, at)
        frames += 1
    c[E_USED] = int64(at)
    return frames


@kernel("int64(int64, int64, int64, int64)")
def keep_wanted(context: Any, out: Any, with_quotes: Any, only: Any) -> Any:
    """Copy the TICKs of the wanted slots, or of slot ``only`` unless it is negative.

    Returns the number of ticks copied.
    """
    c = as_i64(context)
    t = as_i64(c[E_TICKS])
    slots = as_i64(c[E_SLOTS])
    wanted = as_u8(c[E_WANTED])
    every = c[E_WANTED] == 0
    to = as_i64(out)
    kept = uint64(0)
    for i in range(uint64(c[E_COUNT])):
        slot = slots[i]
        if only >= 0:
            if slot != only:
                continue
        elif not every and wanted[uint64(slot)] == uint8(0):
            continue
        w = i * uint64(_TICK_WORDS)
        kind = (uint64(t[w + uint64(3)]) >> uint64(32)) & uint64(0xFF)
        if with_quotes == 0 and kind != uint64(TICK_TRADE):
            continue
        for k in range(uint64(_TICK_WORDS)):
            to[kept * uint64(_TICK_WORDS) + k] = t[w + k]
        kept += uint64(1)
    return int64(kept)
