"""`FeedWatch`: the state of a feed (up, stale or down) by its signs of life.

Pure: times are arguments, in ns since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.store.schema import FEED_DOWN, FEED_STALE, FEED_UP, FeedState

SILENT_NS: Final = 15 * NS_PER_S
"""Silence from which a source that sends heartbeats is stale; gateways send one every 10 s."""
QUIET_NS: Final = 3 * NS_PER_S
"""Silence from which a source that does not say so has sent all that it has of the past."""


class FeedWatch:
    """The state of a feed.

    Parameters
    ----------
    number : int
        Number of the feed.
    now : int
    stale_ns : int
        Time without data from which the feed is stale while its market is open; 0 for never.
    is_open : callable
        Returns whether the market of a dataset is open at a time.
    """

    def __init__(
        self, number: int, now: int, stale_ns: int, is_open: Callable[[str, int], bool]
    ) -> None:
        self._number, self._stale_ns, self._is_open = number, stale_ns, is_open
        self._connected = False
        self._has_heartbeats = False
        self._began = self._since = now
        self._name, self._dataset = "not connected yet", ""
        self._heard = self._data = self._moved = 0
        self._state = FEED_DOWN
        self._opened = 0
        self._ended = self._caught_up = False

    def connect(self, dataset: str, now: int, *, has_heartbeats: bool, replays: bool) -> None:
        """Note that a session began, with data of the past if it `replays`."""
        self._connected, self._has_heartbeats = True, has_heartbeats
        self._caught_up = not replays
        self._dataset = self._name = dataset
        self._began = self._heard = self._moved = now
        self._opened = now
        self._set(FEED_UP, now)

    def lose(self, why: str, now: int) -> None:
        """Note that a session ended, or could not begin."""
        self._connected, self._name = False, why
        self._set(FEED_DOWN, now)

    def finish(self, why: str, now: int) -> None:
        """Note that the source has no more data."""
        self._ended = self._caught_up = True
        self.lose(why, now)

    def catch_up(self) -> None:
        """Note that the source sends the present."""
        self._caught_up = True

    @property
    def has_caught_up(self) -> bool:
        """True once the feed's data is of now, and not of the past that its source sends first."""
        return self._caught_up

    def hear(self, now: int) -> None:
        """Note a sign of life that brings no data, such as a heartbeat."""
        self._heard = now

    def take(self, now: int) -> None:
        """Note that data came."""
        self._heard = self._data = self._moved = now

    def hold(self, now: int) -> None:
        """Note that the session is held, so that its silence says nothing."""
        self._heard = self._opened = self._moved = now

    def look(self, now: int) -> FeedState:
        """Return the state at a time, which is later than those before."""
        if self._connected:
            if now - self._moved > QUIET_NS:
                self._caught_up = True
            silent_since = self._silent_since(now)
            if silent_since is None:
                self._name = self._dataset
                self._set(FEED_UP, now)
            else:
                self._set(FEED_STALE, silent_since)
        return FeedState(
            self._connected,
            self._since,
            self._name,
            self._number,
            self._state,
            self._data,
            self._heard if self._has_heartbeats else 0,
            self._ended,
            self._caught_up,
        )

    def _silent_since(self, now: int) -> int | None:
        """Return the time since which the feed is stale, None if it is not."""
        if self._has_heartbeats and now - self._heard > SILENT_NS:
            self._name = f"{self._dataset} sends not even heartbeats"
            return self._heard
        last = max(self._data, self._began)
        if not self._is_open(self._dataset, now):
            self._opened = now
            return None
        last = max(last, self._opened)
        if not self._stale_ns or now - last <= self._stale_ns:
            return None
        self._name = f"{self._dataset} sends nothing but heartbeats"
        return last

    def _set(self, state: str, since: int) -> None:
        if state != self._state:
            self._state, self._since = state, since
