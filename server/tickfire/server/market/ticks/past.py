"""`Past`: the ended epochs that a client is still to be sent, before the present ones. Pure.

A client that resumes from an ended epoch of a feed gets the rest of it, then all epochs of the feed
that have ended since, one after another, and then the present one from its beginning. If epochs of
several feeds have ended, they are sent feed by feed; meanwhile the client stays where it is in the
other feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tickfire.server.market.ticks.chunks import Place
from tickfire.server.market.ticks.history_source import HistorySource
from tickfire.server.market.ticks.positions import FeedPositions, Unfinished
from tickfire.store.schema import Stream


class PastEpoch(Protocol):
    """An epoch that has ended, with its ticks."""

    @property
    def last(self) -> Mapping[Stream, int]:
        """Position of the last tick of each stream, in their order."""

    def beside(self, others: tuple[FeedPositions, ...]) -> HistorySource:
        """Return the source of its history, in whose ids other feeds have the given positions."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """The rest of an ended epoch.

    Attributes
    ----------
    epoch : PastEpoch
    begin : FeedPositions
        The positions after which it begins.
    is_whole : bool
        True if no tick is missing between the last one of the epoch and the next epoch.
    """

    epoch: PastEpoch
    begin: FeedPositions
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Route:
    """The way from a position in an ended epoch of a feed to its present epoch.

    Attributes
    ----------
    remainders : tuple of Remainder
        The parts of ended epochs that are to be sent; there may be none.
    present : FeedPositions
        The positions after which the present epoch is to be sent.
    is_whole : bool
        True if no tick is missing right after the position.
    """

    remainders: tuple[Remainder, ...]
    present: FeedPositions
    is_whole: bool

    @property
    def begin(self) -> FeedPositions:
        """The positions after which the first of its ticks is sent."""
        return self.remainders[0].begin if self.remainders else self.present


class Past:
    """The way of one client through ended epochs.

    Parameters
    ----------
    routes : tuple of Route
        One for each feed whose epoch has ended, in the order of feeds.
    """

    __slots__ = ("_reached", "_routes")

    def __init__(self, *routes: Route) -> None:
        self._routes = {route.present.feed: route for route in routes if route.remainders}
        self._reached: dict[Stream, int] = {}
        self._enter()

    def __bool__(self) -> bool:
        return bool(self._routes)

    def _enter(self) -> None:
        """Go to the beginning of the first remainder."""
        if self._routes:
            remainder = self._first
            streams = remainder.epoch.last
            self._reached = dict(zip(streams, remainder.begin.positions, strict=True))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes on which there is more to be sent."""
        return tuple(self._routes.values())

    @property
    def feed(self) -> int:
        """The number of the feed whose ended epoch is being sent."""
        return next(iter(self._routes))

    @property
    def _first(self) -> Remainder:
        return self._routes[self.feed].remainders[0]

    # --- positions
    def part(self, feed: int) -> FeedPositions | None:
        """Return the positions in a feed, None if none of its ended epochs is to be sent."""
        route = self._routes.get(feed)
        if route is None:
            return None
        return self._position if feed == self.feed else route.begin

    @property
    def _position(self) -> FeedPositions:
        return self._first.begin.moved(tuple(self._reached.values()))

    @property
    def unfinished(self) -> dict[Stream, Unfinished]:
        """The merged write of the epoch that is being sent, of which the client has the first."""
        write = self._position.unfinished
        return {} if write is None else {[*self._reached][write.shard]: write}

    def place(self, others: tuple[FeedPositions, ...]) -> Place:
        """Return the place in the epoch that is being sent, beside those in other feeds."""
        return Place(tuple(self._reached.items()), self._first.epoch.beside(others))

    # --- moves
    def reach(self, positions: Mapping[Stream, int]) -> None:
        """Go on to positions of the epoch that is being sent."""
        self._reached.update(positions)

    @property
    def is_at_end(self) -> bool:
        """True if all ticks of the epoch that is being sent have been sent."""
        last = self._first.epoch.last
        return all(self._reached[stream] >= at for stream, at in last.items())

    def go_on(self) -> tuple[FeedPositions, FeedPositions] | None:
        """Leave the epoch that has been sent; return the bounds of the gap after it, if any."""
        feed, end = self.feed, self._position
        route = self._routes[feed]
        left, *rest = route.remainders
        following = rest[0].begin if rest else route.present
        if rest:
            self._routes[feed] = Route(tuple(rest), route.present, route.is_whole)
        else:
            del self._routes[feed]
        self._enter()
        return None if left.is_whole else (end, following)

    def leave(self, feed: int) -> None:
        """Send no more of the ended epochs of a feed."""
        if feed in self._routes:
            was_first = feed == self.feed
            del self._routes[feed]
            if was_first:
                self._enter()

    def enter(self, route: Route) -> None:
        """Send the ended epochs of one more feed, after those of others that are being sent."""
        was_over = not self
        if route.remainders:
            self._routes[route.present.feed] = route
        if was_over:
            self._enter()
