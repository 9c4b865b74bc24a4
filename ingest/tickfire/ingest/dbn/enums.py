"""Names of DBN's schemas, record types and symbol types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tickfire.ingest.dbn.layout import (
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
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_DEPRECATED,
    RTYPE_OHLCV_EOD,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
    RTYPE_TCBBO,
    RTYPE_TRADE,
)

SCHEMA_RTYPES: Final[Mapping[str, int]] = {
    "mbo": RTYPE_MBO,
    "mbp-1": RTYPE_MBP_1,
    "mbp-10": RTYPE_MBP_10,
    "tbbo": RTYPE_MBP_1,
    "trades": RTYPE_TRADE,
    "ohlcv-1s": RTYPE_OHLCV_1S,
    "ohlcv-1m": RTYPE_OHLCV_1M,
    "ohlcv-1h": RTYPE_OHLCV_1H,
    "ohlcv-1d": RTYPE_OHLCV_1D,
    "definition": RTYPE_DEFINITION,
    "statistics": RTYPE_STATISTICS,
    "status": RTYPE_STATUS,
    "imbalance": RTYPE_IMBALANCE,
    "ohlcv-eod": RTYPE_OHLCV_EOD,
    "cmbp-1": RTYPE_CMBP_1,
    "cbbo-1s": RTYPE_CBBO_1S,
    "cbbo-1m": RTYPE_CBBO_1M,
    "tcbbo": RTYPE_TCBBO,
    "bbo-1s": RTYPE_BBO_1S,
    "bbo-1m": RTYPE_BBO_1M,
}
"""The record type of each schema, in the order of the schemas' codes."""

SCHEMAS: Final = tuple(SCHEMA_RTYPES)

RTYPE_NAMES: Final[Mapping[int, str]] = {
    **{rtype: schema for schema, rtype in SCHEMA_RTYPES.items() if schema != "tbbo"},
    RTYPE_OHLCV_DEPRECATED: "ohlcv without an interval (deprecated)",
    RTYPE_SYMBOL_MAPPING: "symbol mapping",
    RTYPE_SYSTEM: "system message",
    RTYPE_ERROR: "error",
}
"""The name of each record type: that of its schema, if it has one."""


def bars_rtype(schema: str | None) -> int:
    """Return the record type of a schema's bars; the deprecated one if it has none.

    >>> bars_rtype("ohlcv-1h"), bars_rtype("trades")
    (34, 17)
    """
    is_bars = schema is not None and schema.startswith("ohlcv-")
    return SCHEMA_RTYPES[schema] if schema and is_bars else RTYPE_OHLCV_DEPRECATED


def counted_types(counts: Mapping[int, int]) -> str:
    """Return numbers of records by type as text, the most frequent type first.

    >>> counted_types({18: 1, 34: 4000, 99: 2})
    '4,000 of ohlcv-1h, 2 of unknown type 99, 1 of status'
    """
    ordered = sorted((-count, rtype) for rtype, count in counts.items() if count)
    return ", ".join(f"{-n:,} of {type_name(rtype)}" for n, rtype in ordered)


def type_name(rtype: int) -> str:
    """Return the name of a record type, which may be unknown."""
    return RTYPE_NAMES.get(rtype, f"unknown type {rtype}")


STYPES: Final = (
    "instrument_id",
    "raw_symbol",
    "smart",
    "continuous",
    "parent",
    "nasdaq_symbol",
    "cms_symbol",
    "isin",
    "us_code",
    "bbg_comp_id",
    "bbg_comp_ticker",
    "figi",
    "figi_ticker",
    "listing_id",
    "issuer_id",
    "security_id",
)
