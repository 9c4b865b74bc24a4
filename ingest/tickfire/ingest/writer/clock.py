"""The feed's clock while the feed is quiet. Pure."""

from __future__ import annotations

from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.ingest.kernel.parse import Batch

QUIET_NS: Final = NS_PER_S
"""Time without data after which the feed is quiet."""


class FeedClock:
    """Feed time that goes on, while the feed is quiet, at the pace of the receiving machine.

    While data arrives, the kernel closes bars by the times of the records. A replay may run years
    behind the wall clock, so feed time is counted from the latest data.
    """

    def __init__(self) -> None:
        self._feed_ns = self._taken_ns = 0

    def take(self, batch: Batch, now_ns: int) -> None:
        """Set the clock by the latest data of a batch, received at `now_ns` of any steady clock."""
        if len(batch.ticks):
            self._feed_ns, self._taken_ns = int(batch.ticks["ts_event"][-1]), now_ns
        elif len(batch.bars):
            start, interval_s = batch.bars["start"][-1], batch.bars["interval_s"][-1]
            self._feed_ns, self._taken_ns = int(start) + int(interval_s) * NS_PER_S, now_ns

    def quiet_time(self, now_ns: int) -> int | None:
        """Return feed time in ns since the Unix epoch, or None if the feed is not quiet."""
        quiet_ns = now_ns - self._taken_ns
        return self._feed_ns + quiet_ns if self._feed_ns and quiet_ns >= QUIET_NS else None
