"""Limits and times that all readers and writers of Redis share."""

from __future__ import annotations

from typing import Final

# --- the layout of the streams
MAX_SHARDS: Final = 256
"""Shards of an epoch: the binary ``ticks`` event has one byte for the shard's number."""
MAX_TICKS_PER_ENTRY: Final = 256
MAX_BARS_PER_ENTRY: Final = 256

# --- the number of entries that streams keep
HISTORY_TICKS: Final = 2_000_000
"""Ticks of a shard, by default."""
HISTORY_BARS: Final = 100_000
"""Bar entries of a shard."""
MAX_STATUS: Final = 10_000
MAX_HEADLINES: Final = 10_000
MAX_SENTIMENTS: Final = MAX_HEADLINES
MAX_SIGNALS: Final = 20_000

# --- times
CONNECT_TIMEOUT_S: Final = 5.0
"""Time for a connection to be made and accepted, TLS and AUTH included."""
REQUEST_TIMEOUT_S: Final = 5.0
"""Time for one reply."""
BLOCK_MS: Final = 1_000
"""Time that ``XREAD`` waits for new entries."""
SILENCE_S: Final = 4.0
"""Time without a byte after which a connection is dead, though ``XREAD`` ends every BLOCK_MS."""
FIRST_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 2.0
