"""Constants of DBN records, versions 1 to 3; `records` has their dtypes.

Every record begins with a 16-byte header, whose ``length`` counts 4-byte words. All sizes are
multiples of 8, so an 8-aligned buffer of records can be read through views of u8, u32 and i64. In
a stream with ``ts_out`` a u64, the time of sending in ns, is appended to every record. All values
are little-endian.
"""

from __future__ import annotations

from typing import Final

DBN_VERSION: Final = 3
"""The newest version that is read, and the one that is written."""

UNDEF_TIMESTAMP: Final = 2**64 - 1
UNDEF_SIZE: Final = 2**32 - 1
UNDEF_STYPE: Final = 255
LATEST_NS: Final = 1 << 62
"""Times after this, in the year 2116, are not plausible."""
LARGEST_SIZE: Final = UNDEF_SIZE - 1
"""The largest size that a record can state."""
MIXED_SCHEMA: Final = 0xFFFF

# --- record types
RTYPE_TRADE: Final = 0
"""MBP-0: a trade without the order book."""
RTYPE_MBP_1: Final = 1
"""Schemas mbp-1 and tbbo."""
RTYPE_MBP_10: Final = 10
RTYPE_OHLCV_DEPRECATED: Final = 17
RTYPE_STATUS: Final = 18
RTYPE_DEFINITION: Final = 19
RTYPE_IMBALANCE: Final = 20
RTYPE_ERROR: Final = 21
RTYPE_SYMBOL_MAPPING: Final = 22
RTYPE_SYSTEM: Final = 23
RTYPE_STATISTICS: Final = 24
RTYPE_OHLCV_1S: Final = 32
RTYPE_OHLCV_1M: Final = 33
RTYPE_OHLCV_1H: Final = 34
RTYPE_OHLCV_1D: Final = 35
RTYPE_OHLCV_EOD: Final = 36
RTYPE_MBO: Final = 160
RTYPE_CMBP_1: Final = 177
RTYPE_CBBO_1S: Final = 192
RTYPE_CBBO_1M: Final = 193
RTYPE_TCBBO: Final = 194
RTYPE_BBO_1S: Final = 195
RTYPE_BBO_1M: Final = 196

CONTROL_RTYPES: Final = (RTYPE_ERROR, RTYPE_SYMBOL_MAPPING, RTYPE_SYSTEM)
"""Records about the stream itself; all others are market data."""

# --- action, side, flags
ACTION_ADD: Final = ord("A")
ACTION_CANCEL: Final = ord("C")
ACTION_MODIFY: Final = ord("M")
ACTION_CLEAR: Final = ord("R")
ACTION_TRADE: Final = ord("T")
ACTION_FILL: Final = ord("F")
ACTION_NONE: Final = ord("N")

SIDE_ASK: Final = ord("A")
"""The ask side of the order book; of a trade, a sell aggressor."""
SIDE_BID: Final = ord("B")
"""The bid side of the order book; of a trade, a buy aggressor."""
SIDE_NONE: Final = ord("N")

FLAG_LAST: Final = 128
"""The last record of the venue's message for this instrument."""
FLAG_TOB: Final = 64
FLAG_SNAPSHOT: Final = 32
FLAG_MBP: Final = 16
FLAG_BAD_TS_RECV: Final = 8
FLAG_MAYBE_BAD_BOOK: Final = 4

# --- codes of system and error records
SYSTEM_HEARTBEAT: Final = 0
SYSTEM_SUBSCRIPTION_ACK: Final = 1
SYSTEM_SLOW_READER: Final = 2
SYSTEM_REPLAY_COMPLETED: Final = 3
SYSTEM_END_OF_INTERVAL: Final = 4

ERROR_AUTH_FAILED: Final = 1
ERROR_CONNECTION_LIMIT: Final = 3
ERROR_SYMBOL_RESOLUTION: Final = 4
ERROR_INVALID_SUBSCRIPTION: Final = 5
ERROR_INTERNAL: Final = 6
ERROR_SKIPPED_RECORDS: Final = 7
ERROR_REPLAY_AGED_OUT: Final = 8

CODE_UNSET: Final = 255

# --- sizes
HEADER_SIZE: Final = 16
TS_OUT_SIZE: Final = 8
SYMBOL_SIZE_V1: Final = 22
"""The size of a symbol in version 1, including the closing NUL."""
SYMBOL_SIZE_V2: Final = 71
"""The size in versions 2 and 3."""

SIZE_TRADE: Final = 48
"""The minimum size of the record without ts_out; so the others."""
SIZE_MBP_1: Final = 80
SIZE_MBP_10: Final = 368
SIZE_BBO: Final = 80
SIZE_CMBP_1: Final = 80
SIZE_OHLCV: Final = 56
SIZE_MBO: Final = 56
SIZE_STATUS: Final = 40
SIZE_STATISTICS_V1: Final = 64
SIZE_STATISTICS_V3: Final = 80
SIZE_IMBALANCE: Final = 112
SIZE_CONTROL_V1: Final = 80
"""Symbol mapping, system and error records of version 1."""
SIZE_DEFINITION_V1: Final = 360
SIZE_DEFINITION_V2: Final = 400
SIZE_DEFINITION_V3: Final = 520
SIZE_SYMBOL_MAPPING_V2: Final = 176
SIZE_SYSTEM_V2: Final = 320
"""System and error records of versions 2 and 3."""
