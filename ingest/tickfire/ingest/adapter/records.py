"""DBN records, made of the data of sources that do not speak DBN.

Prices are in units of 1e-9 (`tickfire.base.units.scaled` makes them of decimal text), times in ns
since the Unix epoch, and sizes whole numbers up to `LARGEST_SIZE`.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from tickfire.base.units import PRICE_SCALE, UNDEF_PRICE
from tickfire.ingest.dbn.control import SymbolMappingMsg, encode_control
from tickfire.ingest.dbn.definition import DEFINITION_V3, PRICES_V3
from tickfire.ingest.dbn.enums import STYPES
from tickfire.ingest.dbn.layout import (
    ACTION_MODIFY,
    ACTION_TRADE,
    FLAG_LAST,
    FLAG_TOB,
    RTYPE_DEFINITION,
    RTYPE_MBP_1,
    RTYPE_TRADE,
    SIDE_NONE,
    SIZE_MBP_1,
    SIZE_TRADE,
    UNDEF_TIMESTAMP,
)

_TRADE: Final = struct.Struct("<BBHIQqIBBBBQiI")
_QUOTE: Final = struct.Struct("<BBHIQqIBBBBQiIqqIIII")
_SEQUENCE_MASK: Final = 0xFFFF_FFFF
_RAW_SYMBOL: Final = STYPES.index("raw_symbol")


def trade(
    instrument_id: int,
    ts_event: int,
    price: int,
    size: int,
    *,
    side: int = SIDE_NONE,
    sequence: int = 0,
    ts_recv: int = 0,
    publisher_id: int = 0,
) -> bytes:
    """Return a record of a trade.

    Parameters
    ----------
    instrument_id : int
    ts_event : int
    price, size : int
    side : int
        The side of the aggressor, ``layout.SIDE_*``.
    sequence : int
        The number that the venue gave the trade, of which the low 32 bits are kept; 0 if none.
    ts_recv : int
        By default `ts_event`.
    publisher_id : int
        The number of the venue.
    """
    return _TRADE.pack(
        SIZE_TRADE // 4, RTYPE_TRADE, publisher_id, instrument_id, ts_event, price, size,
        ACTION_TRADE, side, FLAG_LAST, 0, ts_recv or ts_event, 0, sequence & _SEQUENCE_MASK,
    )  # fmt: skip


def quote(
    instrument_id: int,
    ts_event: int,
    bid: tuple[int, int],
    ask: tuple[int, int],
    *,
    sequence: int = 0,
    ts_recv: int = 0,
    publisher_id: int = 0,
) -> bytes:
    """Return a record of the top of the order book.

    Parameters
    ----------
    instrument_id : int
    ts_event : int
    bid, ask : tuple of (int, int)
        Price and size; the price `UNDEF_PRICE` is no bid or ask at all.
    sequence, ts_recv, publisher_id : int
        As those of `trade`.
    """
    return _QUOTE.pack(
        SIZE_MBP_1 // 4, RTYPE_MBP_1, publisher_id, instrument_id, ts_event, UNDEF_PRICE, 0,
        ACTION_MODIFY, SIDE_NONE, FLAG_LAST | FLAG_TOB, 0, ts_recv or ts_event, 0,
        sequence & _SEQUENCE_MASK, bid[0], ask[0], bid[1], ask[1], 0, 0,
    )  # fmt: skip


def mapping(instrument_id: int, symbol: str, ts_event: int) -> bytes:
    """Return a record that gives an instrument its symbol."""
    return encode_control(
        SymbolMappingMsg(
            instrument_id, symbol, symbol, ts_event, stype_in=_RAW_SYMBOL, stype_out=_RAW_SYMBOL
        )
    )


def definition(
    instrument_id: int, symbol: str, ts_event: int, *, tick_size: int, size_digits: int = 0
) -> bytes:
    """Return a record that defines an instrument.

    Parameters
    ----------
    instrument_id : int
    symbol : str
    ts_event : int
    tick_size : int
        The smallest price step, in units of 1e-9; 0 if unknown.
    size_digits : int
        Sizes are in units of 1e-`size_digits`, from 0 to 9.
    """
    row = np.zeros(1, DEFINITION_V3)
    for name in PRICES_V3:
        row[name] = UNDEF_PRICE
    row["length"] = DEFINITION_V3.itemsize // 4
    row["rtype"] = RTYPE_DEFINITION
    row["instrument_id"] = row["raw_instrument_id"] = instrument_id
    row["ts_event"] = row["ts_recv"] = ts_event
    row["raw_symbol"] = symbol.encode()
    row["min_price_increment"] = tick_size or UNDEF_PRICE
    row["unit_of_measure_qty"] = PRICE_SCALE // 10**size_digits
    row["display_factor"] = PRICE_SCALE
    row["expiration"] = row["activation"] = UNDEF_TIMESTAMP
    row["security_update_action"] = b"A"
    return row.tobytes()
