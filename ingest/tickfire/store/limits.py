"""Limits and timeouts shared by all readers and writers of Redis."""

from __future__ import annotations

from typing import Final

# --- layout of the streams
MAX_SHARDS: Final = 256
"""Maximum number of shards: the binary ``ticks`` event has one byte for the shard."""
MAX_TICKS_PER_ENTRY: Final = 256
MAX_BARS_PER_ENTRY: Final = 256
MAX_BOOKS_PER_ENTRY: Final = 64
MAX_TOPS_PER_ENTRY: Final = 256

# --- instruments
MAX_INSTRUMENTS: Final = 1_000_000
"""Instruments of a feed, by default."""
EVERY_INSTRUMENT: Final = 1 << 32
"""As many instruments as there are ids."""
MAX_MAPPINGS: Final = 4096
"""Mappings of an instrument or a symbol: one for each trading day of sixteen years."""

# --- approximate lengths of the streams
HISTORY_TICKS: Final = 2_000_000
"""Ticks per shard, by default."""
HISTORY_BARS: Final = 100_000
"""Bar entries per shard, by default."""
KEEP_WRITTEN_MIB: Final = 64
"""MiB of memory for acknowledged ticks and bars, which are written again after a failover."""
HISTORY_BY_PUBLISHER: Final = 1_000
"""Entries of order books, and of tops of book, per shard. Only the newest matter, which are in a
hash as well."""
MAX_STATUS: Final = 10_000
MAX_HEADLINES: Final = 10_000
MAX_SENTIMENTS: Final = MAX_HEADLINES
MAX_SIGNALS: Final = 20_000

# --- timeouts
CONNECT_TIMEOUT_S: Final = 5.0
"""Maximum time to open a connection, including TLS and AUTH."""
REQUEST_TIMEOUT_S: Final = 5.0
"""Maximum time to wait for one reply."""
BLOCK_MS: Final = 500
"""Maximum time that ``XREAD`` waits for new entries, in milliseconds."""
SILENCE_S: Final = 4.0
"""Time without a byte of a reply after which a connection counts as dead."""
FIRST_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 0.5
"""Maximum time between two attempts to reach Redis, and so the time by which a process may find out
later than others that Redis answers again."""
