"""Instrument definitions of the simulated market, as DBN records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, PRICE_SCALE, UNDEF_PRICE
from tickfire.ingest.dbn.control import SymbolMappingMsg
from tickfire.ingest.dbn.definition import DEFINITION_V3, PRICES_V3
from tickfire.ingest.dbn.enums import STYPES
from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import RTYPE_DEFINITION, UNDEF_TIMESTAMP
from tickfire.ingest.gateway.market.simulation import tick_size
from tickfire.ingest.gateway.market.universe import FUTURE, Listing

_RAW_SYMBOL: Final = STYPES.index("raw_symbol")


def mapping_of(listing: Listing, ts_event: int = 0) -> SymbolMappingMsg:
    """Return the symbol mapping of an instrument."""
    return SymbolMappingMsg(
        instrument_id=listing.instrument_id,
        stype_in_symbol=listing.symbol,
        stype_out_symbol=listing.symbol,
        ts_event=ts_event,
        stype_in=_RAW_SYMBOL,
        stype_out=_RAW_SYMBOL,
    )


def definitions_of(listings: list[Listing], ts_event: int) -> NDArray[np.uint8]:
    """Return the definitions of instruments.

    Parameters
    ----------
    listings : list of Listing
    ts_event : int
        ns since the Unix epoch.

    Returns
    -------
    uint8[520 n]
        Records of DBN version 3; 8-aligned.
    """
    data = aligned(len(listings) * DEFINITION_V3.itemsize)
    data[:] = 0
    for row, listing in zip(data.view(DEFINITION_V3), listings, strict=True):
        _fill(row, listing, ts_event)
    return data


def _fill(row: np.void, listing: Listing, ts_event: int) -> None:
    kind = listing.kind
    is_future = kind.instrument_class == FUTURE
    for name in PRICES_V3:
        row[name] = UNDEF_PRICE
    row["length"] = DEFINITION_V3.itemsize // 4
    row["rtype"] = RTYPE_DEFINITION
    row["instrument_id"] = row["raw_instrument_id"] = listing.instrument_id
    row["ts_event"] = row["ts_recv"] = ts_event
    row["min_price_increment"] = tick_size(kind)
    row["display_factor"] = PRICE_SCALE
    row["expiration"] = listing.expiration or UNDEF_TIMESTAMP
    row["activation"] = UNDEF_TIMESTAMP
    row["market_depth"] = 1
    row["min_trade_vol"] = 1
    row["currency"] = b"USD"
    row["raw_symbol"] = listing.symbol.encode()
    row["exchange"] = kind.exchange.encode()
    row["asset"] = kind.root.encode()
    row["security_type"] = b"FUT" if is_future else b"STOCK"
    row["instrument_class"] = kind.instrument_class.encode()
    row["match_algorithm"] = b"F"
    row["security_update_action"] = b"A"
    row["user_defined_instrument"] = b"N"
    row["leg_side"] = b"N"
    if listing.expiration is not None:
        day = datetime.fromtimestamp(listing.expiration // NS_PER_S, UTC)
        row["maturity_year"], row["maturity_month"], row["maturity_day"] = (
            day.year,
            day.month,
            day.day,
        )
