"""`Absences`: the feeds that a client's topic has left, until they are loaded again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from tickfire.base.retry import Backoff
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.server.market.ticks.seek import BadSince, Found, seek
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Stream

NO_FEEDS: Final[frozenset[int]] = frozenset()

logger = logging.getLogger(__name__)


class Absences:
    """The feeds that are being loaded, and the positions that a client had in them.

    Parameters
    ----------
    source : TickSource
    """

    __slots__ = ("_behind", "_left", "_searches", "_source")

    def __init__(self, source: TickSource) -> None:
        self._source = source
        self._left: dict[int, FeedPositions | None] = {}
        """The client's positions; None for the newest to come."""
        self._behind = NO_FEEDS
        self._searches: dict[int, asyncio.Task[None]] = {}

    def close(self) -> None:
        """Search no more."""
        for task in self._searches.values():
            task.cancel()

    @property
    def parts(self) -> tuple[FeedPositions, ...]:
        """The positions of the client in these feeds, as far as it has any."""
        return tuple(part for part in self._left.values() if part is not None)

    def begin(self, parts: Iterable[FeedPositions] | None) -> None:
        """Begin with the feeds that are being loaded, None for a client that is live."""
        loading = self._source.loading
        if parts is None:
            self._left = dict.fromkeys(loading) if loading else {}  # an empty one is small
        else:
            self._left = {part.feed: part for part in parts if part.feed in loading}
            self._behind = frozenset(self._left)

    def leave(self, part: FeedPositions, *, is_behind: bool) -> None:
        """Remember the positions in a feed whose epoch is over.

        `is_behind` tells whether the client was catching up.
        """
        if part.feed in self._searches:  # it has not gone on from where it left before
            self._searches.pop(part.feed).cancel()
        else:
            self._left[part.feed] = part
        if is_behind:
            self._behind |= {part.feed}

    def correct(self, correct: Callable[[FeedPositions], FeedPositions]) -> None:
        """Replace the positions in all feeds."""
        for feed, left in self._left.items():
            if left is not None:
                self._left[feed] = correct(left)

    def enter(self, newest: FeedPositions) -> tuple[FeedPositions | None, bool]:
        """End the absence of a feed.

        Returns
        -------
        left : FeedPositions or None
            The positions of the client; None if it wants later ticks alone.
        was_behind : bool
            True if it was catching up.
        """
        new = newest._replace(positions=(0,) * len(newest.positions))
        was_behind = newest.feed in self._behind
        if was_behind:
            self._behind -= {newest.feed}
        return self._left.pop(newest.feed, new), was_behind

    def forget(self, feed: int) -> None:
        """Drop the positions in a feed that the topic takes no ticks from any more."""
        self._left.pop(feed, None)
        self._behind -= {feed}

    # --- the way on
    @property
    def is_searching(self) -> bool:
        """True while it is not known where the client goes on in a feed that has been loaded."""
        return bool(self._searches)

    def search(
        self,
        left: FeedPositions,
        streams: Callable[[], tuple[Stream, ...]],
        on_found: Callable[[FeedPositions, Found], None],
        on_failed: Callable[[], None],
    ) -> None:
        """Find where the client goes on in a feed, then call one of two functions.

        Parameters
        ----------
        left : FeedPositions
            Its positions.
        streams : callable
            Returns the streams of the feed from which the topic takes ticks now.
        on_found, on_failed : callable
        """
        self._left[left.feed] = left
        loop = asyncio.get_running_loop()
        search = self._search(left, streams, on_found, on_failed)
        self._searches[left.feed] = loop.create_task(search)

    async def _search(
        self,
        left: FeedPositions,
        streams: Callable[[], tuple[Stream, ...]],
        on_found: Callable[[FeedPositions, Found], None],
        on_failed: Callable[[], None],
    ) -> None:
        try:
            found = await self._seek(left, streams)
        except Exception:
            logger.exception("the way on from %s is not found; the connection is closed", left)
            on_failed()
            return
        del self._searches[left.feed], self._left[left.feed]
        on_found(left, found)

    async def _seek(self, left: FeedPositions, streams: Callable[[], tuple[Stream, ...]]) -> Found:
        backoff = Backoff()
        while True:
            try:
                return await seek(self._source, streams, WireId((left,)))
            except RedisUnavailable:
                await backoff.pause()
            except BadSince:  # the feed has another number of shards
                positions = self._source.data.positions
                return Found({one: positions[one] for one in streams()}, lost=[left])
