"""The feed's clock while the feed is quiet. Pure."""

from __future__ import annotations

from typing import Final

from tickfire.base.units import NS_PER_S

QUIET_NS: Final = NS_PER_S
"""Time without data after which the feed is quiet."""
MEASURED_NS: Final = NS_PER_S
"""Time over which the pace of the feed must have been measured."""


class FeedClock:
    """Feed time that goes on, while the feed is quiet, at the feed's own pace.

    While data arrives, the kernel closes bars by the times of the records. A replay may run years
    behind the wall clock, and slower or faster, so feed time is counted from the latest data at the
    pace of the session so far. It is never faster than the clock of the receiving machine, since a
    feed that is sent faster stops without notice.
    """

    def __init__(self) -> None:
        self._first = self._latest = (0, 0)

    def begin(self) -> None:
        """Begin a session, which has a pace of its own."""
        self._first = (0, 0)

    def take(self, feed_ns: int, now_ns: int) -> None:
        """Set the clock.

        Parameters
        ----------
        feed_ns : int
            The time of the latest data, in ns since the Unix epoch.
        now_ns : int
            The time of its receipt by any steady clock, in ns.
        """
        self._latest = feed_ns, now_ns
        if not self._first[0]:
            self._first = self._latest

    def passed(self, now_ns: int) -> int:
        """Return the feed time, in ns, that may have passed since the latest data."""
        return int((now_ns - self._latest[1]) * max(1.0, self._pace())) if self._latest[0] else 0

    def quiet_time(self, now_ns: int) -> int | None:
        """Return feed time in ns since the Unix epoch, or None if the feed is not quiet."""
        feed_ns, taken_ns = self._latest
        quiet_ns = now_ns - taken_ns
        if not feed_ns or quiet_ns < QUIET_NS:
            return None
        return feed_ns + int(quiet_ns * min(1.0, self._pace()))

    def _pace(self) -> float:
        """Return the feed time that passes in a time of the receiving machine, as a ratio."""
        elapsed = self._latest[1] - self._first[1]
        if elapsed < MEASURED_NS:
            return 1.0
        return max(0.0, (self._latest[0] - self._first[0]) / elapsed)
