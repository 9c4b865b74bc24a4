"""dtypes and sizes of DBN records, versions 1 to 3.

The versions differ in five records: definition, statistics, symbol mapping, system and error.
Characters, such as action and side, are u1 fields with the ASCII code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tickfire.ingest.dbn.definition import DEFINITION_V1, DEFINITION_V2, DEFINITION_V3
from tickfire.ingest.dbn.layout import (
    DBN_VERSION,
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
    SYMBOL_SIZE_V1,
    SYMBOL_SIZE_V2,
)

_HEAD = [
    ("length", "u1"),  # in 4-byte words, this header included
    ("rtype", "u1"),
    ("publisher_id", "<u2"),
    ("instrument_id", "<u4"),
    ("ts_event", "<u8"),  # ns since the Unix epoch
]
HEADER: Final = np.dtype(_HEAD)

_TRADE = [
    *_HEAD,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "u1"),
    ("side", "u1"),
    ("flags", "u1"),
    ("depth", "u1"),
    ("ts_recv", "<u8"),
    ("ts_in_delta", "<i4"),
    ("sequence", "<u4"),
]
_BBO = [
    *_HEAD,
    ("price", "<i8"),
    ("size", "<u4"),
    ("_reserved1", "V1"),
    ("side", "u1"),
    ("flags", "u1"),
    ("_reserved2", "V1"),
    ("ts_recv", "<u8"),
    ("_reserved3", "V4"),
    ("sequence", "<u4"),
]
_CMBP = [
    *_HEAD,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "u1"),
    ("side", "u1"),
    ("flags", "u1"),
    ("_reserved1", "V1"),
    ("ts_recv", "<u8"),
    ("ts_in_delta", "<i4"),
    ("_reserved2", "V4"),
]
_CBBO = [
    *_HEAD,
    ("price", "<i8"),
    ("size", "<u4"),
    ("_reserved1", "V1"),
    ("side", "u1"),
    ("flags", "u1"),
    ("_reserved2", "V1"),
    ("ts_recv", "<u8"),
    ("_reserved3", "V8"),
]


def _level(i: int) -> list[tuple[str, str]]:
    return [
        (f"bid_px_{i:02d}", "<i8"),
        (f"ask_px_{i:02d}", "<i8"),
        (f"bid_sz_{i:02d}", "<u4"),
        (f"ask_sz_{i:02d}", "<u4"),
        (f"bid_ct_{i:02d}", "<u4"),
        (f"ask_ct_{i:02d}", "<u4"),
    ]


_CONSOLIDATED_LEVEL = [
    ("bid_px_00", "<i8"),
    ("ask_px_00", "<i8"),
    ("bid_sz_00", "<u4"),
    ("ask_sz_00", "<u4"),
    ("bid_pb_00", "<u2"),
    ("_reserved_bid", "V2"),
    ("ask_pb_00", "<u2"),
    ("_reserved_ask", "V2"),
]

TRADE: Final = np.dtype(_TRADE)
MBP_1: Final = np.dtype([*_TRADE, *_level(0)])
MBP_10: Final = np.dtype([*_TRADE, *(field for i in range(10) for field in _level(i))])
BBO: Final = np.dtype([*_BBO, *_level(0)])
CMBP_1: Final = np.dtype([*_CMBP, *_CONSOLIDATED_LEVEL])
CBBO: Final = np.dtype([*_CBBO, *_CONSOLIDATED_LEVEL])
MBO: Final = np.dtype(
    [
        *_HEAD,
        ("order_id", "<u8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("flags", "u1"),
        ("channel_id", "u1"),
        ("action", "u1"),
        ("side", "u1"),
        ("ts_recv", "<u8"),
        ("ts_in_delta", "<i4"),
        ("sequence", "<u4"),
    ]
)
OHLCV: Final = np.dtype(
    [
        *_HEAD,  # ts_event is the bar's start
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<u8"),
    ]
)
STATUS: Final = np.dtype(
    [
        *_HEAD,
        ("ts_recv", "<u8"),
        ("action", "<u2"),
        ("reason", "<u2"),
        ("trading_event", "<u2"),
        ("is_trading", "u1"),
        ("is_quoting", "u1"),
        ("is_short_sell_restricted", "u1"),
        ("_reserved", "V7"),
    ]
)
IMBALANCE: Final = np.dtype(
    [
        *_HEAD,
        ("ts_recv", "<u8"),
        ("ref_price", "<i8"),
        ("auction_time", "<u8"),
        ("cont_book_clr_price", "<i8"),
        ("auct_interest_clr_price", "<i8"),
        ("ssr_filling_price", "<i8"),
        ("ind_match_price", "<i8"),
        ("upper_collar", "<i8"),
        ("lower_collar", "<i8"),
        ("paired_qty", "<u4"),
        ("total_imbalance_qty", "<u4"),
        ("market_imbalance_qty", "<u4"),
        ("unpaired_qty", "<u4"),
        ("auction_type", "u1"),
        ("side", "u1"),
        ("auction_status", "u1"),
        ("freeze_status", "u1"),
        ("num_extensions", "u1"),
        ("unpaired_side", "u1"),
        ("significant_imbalance", "u1"),
        ("_reserved", "V1"),
    ]
)
STATISTICS_V1: Final = np.dtype(
    [
        *_HEAD,
        ("ts_recv", "<u8"),
        ("ts_ref", "<u8"),
        ("price", "<i8"),
        ("quantity", "<i4"),
        ("sequence", "<u4"),
        ("ts_in_delta", "<i4"),
        ("stat_type", "<u2"),
        ("channel_id", "<u2"),
        ("update_action", "u1"),
        ("stat_flags", "u1"),
        ("_reserved", "V6"),
    ]
)
"""Versions 1 and 2."""
STATISTICS_V3: Final = np.dtype(
    [
        *_HEAD,
        ("ts_recv", "<u8"),
        ("ts_ref", "<u8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("sequence", "<u4"),
        ("ts_in_delta", "<i4"),
        ("stat_type", "<u2"),
        ("channel_id", "<u2"),
        ("update_action", "u1"),
        ("stat_flags", "u1"),
        ("_reserved", "V18"),
    ]
)

SYMBOL_MAPPING_V1: Final = np.dtype(
    [
        *_HEAD,
        ("stype_in_symbol", f"S{SYMBOL_SIZE_V1}"),
        ("stype_out_symbol", f"S{SYMBOL_SIZE_V1}"),
        ("_reserved", "V4"),
        ("start_ts", "<u8"),
        ("end_ts", "<u8"),
    ]
)
SYMBOL_MAPPING_V2: Final = np.dtype(
    [
        *_HEAD,
        ("stype_in", "u1"),
        ("stype_in_symbol", f"S{SYMBOL_SIZE_V2}"),
        ("stype_out", "u1"),
        ("stype_out_symbol", f"S{SYMBOL_SIZE_V2}"),
        ("start_ts", "<u8"),
        ("end_ts", "<u8"),
    ]
)
"""Versions 2 and 3."""
SYSTEM_V1: Final = np.dtype([*_HEAD, ("msg", "S64")])
SYSTEM_V2: Final = np.dtype([*_HEAD, ("msg", "S303"), ("code", "u1")])
"""Versions 2 and 3."""
ERROR_V1: Final = np.dtype([*_HEAD, ("err", "S64")])
ERROR_V2: Final = np.dtype([*_HEAD, ("err", "S302"), ("code", "u1"), ("is_last", "u1")])
"""Versions 2 and 3."""


_SAME_IN_ALL: Final = {
    RTYPE_TRADE: TRADE,
    RTYPE_MBP_1: MBP_1,
    RTYPE_MBP_10: MBP_10,
    RTYPE_OHLCV_DEPRECATED: OHLCV,
    RTYPE_STATUS: STATUS,
    RTYPE_IMBALANCE: IMBALANCE,
    RTYPE_OHLCV_1S: OHLCV,
    RTYPE_OHLCV_1M: OHLCV,
    RTYPE_OHLCV_1H: OHLCV,
    RTYPE_OHLCV_1D: OHLCV,
    RTYPE_OHLCV_EOD: OHLCV,
    RTYPE_MBO: MBO,
    RTYPE_CMBP_1: CMBP_1,
    RTYPE_CBBO_1S: CBBO,
    RTYPE_CBBO_1M: CBBO,
    RTYPE_TCBBO: CMBP_1,
    RTYPE_BBO_1S: BBO,
    RTYPE_BBO_1M: BBO,
}
_BY_VERSION: Final = {
    RTYPE_DEFINITION: (DEFINITION_V1, DEFINITION_V2, DEFINITION_V3),
    RTYPE_STATISTICS: (STATISTICS_V1, STATISTICS_V1, STATISTICS_V3),
    RTYPE_SYMBOL_MAPPING: (SYMBOL_MAPPING_V1, SYMBOL_MAPPING_V2, SYMBOL_MAPPING_V2),
    RTYPE_SYSTEM: (SYSTEM_V1, SYSTEM_V2, SYSTEM_V2),
    RTYPE_ERROR: (ERROR_V1, ERROR_V2, ERROR_V2),
}


def record_dtype(rtype: int, version: int = DBN_VERSION) -> np.dtype[np.void] | None:
    """Return the dtype of a record type, or None if the type is unknown.

    Parameters
    ----------
    rtype : int
        ``RTYPE_*``.
    version : int
        DBN version, 1 to 3.
    """
    by_version = _BY_VERSION.get(rtype)
    return by_version[version - 1] if by_version else _SAME_IN_ALL.get(rtype)


def record_sizes(version: int | None = None) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    """Return the minimum size of a record of each type.

    Parameters
    ----------
    version : int, optional
        By default the smallest size in any version.

    Returns
    -------
    uint16[256]
        Bytes; 0 for unknown types, which can only be skipped.
    """
    sizes = np.zeros(256, np.uint16)
    for rtype, dtype in _SAME_IN_ALL.items():
        sizes[rtype] = dtype.itemsize
    for rtype, dtypes in _BY_VERSION.items():
        chosen = dtypes if version is None else (dtypes[version - 1],)
        sizes[rtype] = min(dtype.itemsize for dtype in chosen)
    return sizes


def field_offsets(name: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return the offset of a field in a record of each type.

    Returns
    -------
    uint8[256]
        Bytes; 0 for types without the field, for types whose versions have it at different places,
        and for unknown types.
    """
    offsets = np.zeros(256, np.uint8)
    for rtype, dtypes in ({r: (d,) for r, d in _SAME_IN_ALL.items()} | _BY_VERSION).items():
        fields: list[Mapping[str, Any]] = [dtype.fields or {} for dtype in dtypes]
        found = {each[name][1] if name in each else 0 for each in fields}
        if len(found) == 1:
            offsets[rtype] = found.pop()
    return offsets
