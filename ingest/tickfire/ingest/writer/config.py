"""Configuration of ingest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tickfire.base.calendar.sessions import Sessions
from tickfire.ingest.adapter.protocol import FeedAdapter
from tickfire.ingest.kernel.intake_context import DENSE_NONE
from tickfire.store.limits import HISTORY_BARS, HISTORY_TICKS, KEEP_WRITTEN_MIB, MAX_INSTRUMENTS
from tickfire.store.schema import Stream

STALE_S: Final = 60.0
MAX_WAITING_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """Configuration of ingest.

    Attributes
    ----------
    adapter : FeedAdapter
        The source of the data.
    feed : int
        Number of this feed, 0 to 255.
    shards : int
        Number of shards.
    history_ticks : int
        Number of ticks that each shard's stream keeps.
    history_bars : int
        Number of bar entries that each shard's stream keeps.
    max_waiting_bytes : int
        Bytes of a shard that may wait for Redis before the session is held.
    keep_bytes : int
        Bytes of acknowledged batches to keep, so that they can be written again after a failover
        that lost them.
    standby : bool
        True to wait while another process writes the feed; otherwise it is an error.
    reshard : bool
        True if the data in Redis may be deleted if it has another number of shards.
    book_hz : float
        Number of times a second that an order book is written, at most.
    backfill_s : float
        Seconds of the past to request while no data is stored; 0 for none.
    since : int, optional
        ns since the Unix epoch: instead of those, the time from which to request it.
    stale_s : float
        Seconds without data after which the feed is stale while its market is open; 0 for never.
    dense : int
        The scope in which the venue's sequence numbers have no natural holes: ``DENSE_*``.
    max_instruments : int
        Number of instruments of the feed beyond which others are left out.
    sessions : Sessions
        Trading hours, by which the market is open.
    """

    adapter: FeedAdapter
    feed: int = 1
    shards: int = 1
    history_ticks: int = HISTORY_TICKS
    history_bars: int = HISTORY_BARS
    max_waiting_bytes: int = MAX_WAITING_BYTES
    keep_bytes: int = KEEP_WRITTEN_MIB << 20
    standby: bool = True
    reshard: bool = False
    book_hz: float = 10.0
    backfill_s: float = 900.0
    since: int | None = None
    stale_s: float = STALE_S
    dense: int = DENSE_NONE
    max_instruments: int = MAX_INSTRUMENTS
    sessions: Sessions = field(default_factory=Sessions)

    @property
    def streams(self) -> list[Stream]:
        """The streams that are written, one for each shard."""
        return [Stream(self.feed, shard) for shard in range(self.shards)]
