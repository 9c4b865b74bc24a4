"""Configuration of ingest."""

from __future__ import annotations

from dataclasses import dataclass

from tickfire.ingest.lsg.client import LiveSubscription
from tickfire.store.limits import HISTORY_BARS, HISTORY_TICKS


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """Configuration of ingest.

    Attributes
    ----------
    host : str
    port : int
        Address of the live gateway.
    key : str
        API key for the gateway.
    subscription : LiveSubscription
    feed : int
        Number of this feed, 0 to 255.
    shards : int
        Number of shards.
    history_ticks : int
        Number of ticks that each shard's stream keeps.
    history_bars : int
        Number of bar entries that each shard's stream keeps.
    max_unacknowledged : int
        Number of writes of a shard that may wait for Redis before the session is held.
    backfill_s : float
        Seconds of the past to request while no data is stored; 0 for none.
    """

    host: str
    port: int
    key: str
    subscription: LiveSubscription
    feed: int = 1
    shards: int = 1
    history_ticks: int = HISTORY_TICKS
    history_bars: int = HISTORY_BARS
    max_unacknowledged: int = 512
    backfill_s: float = 900.0
