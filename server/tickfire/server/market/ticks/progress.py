"""`Progress`: how far one client has been sent the ticks of its topic, while it catches up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tickfire.server.market.ticks.chunks import Place
from tickfire.server.market.ticks.past import Past, Route
from tickfire.server.market.ticks.positions import (
    FeedPositions,
    Positions,
    Unfinished,
    WireId,
    feeds_of,
)
from tickfire.server.market.ticks.seek import Found, still_unfinished, unfinished_of
from tickfire.server.market.ticks.source import TickData
from tickfire.store.schema import Stream


class Progress:
    """The positions of a client.

    Parameters
    ----------
    data : TickData
    symbol : str or None
        The symbol that the topic is about, None if it is about all.

    Attributes
    ----------
    reached : dict of Stream to int
        The position in each stream of the topic while the client catches up, empty while it is
        live.
    past : Past
        The ended epochs that it is still to be sent.
    is_untold : bool
        True if the client cannot tell its positions from what it has been sent.
    """

    __slots__ = ("_data", "_others", "_symbol", "_unfinished", "is_untold", "past", "reached")

    def __init__(self, data: TickData, symbol: str | None) -> None:
        self._data = data
        self._symbol = symbol
        self.reached: dict[Stream, int] = {}
        self.past = Past()
        self.is_untold = False
        self._others: dict[Stream, int] = {}
        """Positions in the streams that the topic takes no ticks from."""
        self._unfinished: dict[Stream, Unfinished] = {}
        """The merged writes of which the client has the first ticks, to be sent before others."""

    # --- streams
    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams from which the topic takes ticks: more when its symbol moves on."""
        data = self._data
        if self._symbol is None:
            return data.streams
        return tuple(one for one in data.instruments.streams(self._symbol) if one in data.streams)

    @property
    def feeds(self) -> tuple[int, ...]:
        """The feeds from which the topic takes ticks."""
        return feeds_of(self.streams)

    # --- ids
    def part(self, feed: int) -> FeedPositions:
        """Return the positions in a feed."""
        past = self.past.part(feed)
        if past is not None:
            return past
        reached = self._others | self.reached
        own = self._data.streams_of(feed)
        positions = tuple(reached.get(one, self._data.positions[one]) for one in own)
        unfinished = next((self._unfinished[one] for one in own if one in self._unfinished), None)
        return FeedPositions(self._data.epochs[feed].key, positions, unfinished)

    def id(self) -> WireId:
        """Return the id of the newest ticks that the client has been sent."""
        return WireId(tuple(map(self.part, self.feeds)))

    # --- beginnings
    def be_live(self) -> None:
        """Be level with the market from now on."""
        self.reached, self._others = {}, {}

    def begin(self, found: Found) -> None:
        """Begin after an id."""
        self.reached, self._others, self.past = found.reached, found.others, found.past
        self._unfinished = found.unfinished
        self.is_untold = found.is_untold

    def begin_before(self, positions: Positions) -> None:
        """Begin at positions at which the client was live."""
        self.reached, self._others = {}, dict(positions)
        self._follow()

    def begin_here(self) -> None:
        """Begin at the newest positions."""
        self.reached = {stream: self._data.positions[stream] for stream in self.streams}

    # --- feeds
    def forget(self, feed: int) -> None:
        """Drop the positions in a feed, and its ended epochs."""
        self.past.leave(feed)
        self.reached = {one: at for one, at in self.reached.items() if one.feed != feed}
        self._others = {one: at for one, at in self._others.items() if one.feed != feed}
        self._unfinished = {one: at for one, at in self._unfinished.items() if one.feed != feed}

    def resume(self, left: FeedPositions) -> None:
        """Go back to positions in the present epoch of a feed."""
        own = self._data.streams_of(left.feed)
        behind = dict(zip(own, left.positions, strict=True))
        self.reached.update({one: behind[one] for one in own if one in self.streams})
        self._unfinished.update(unfinished_of(left, own))

    def go(self, feed: int, route: Route | None) -> None:
        """Go on through ended epochs of a feed, or without a route at its newest positions."""
        own = self._data.streams_of(feed)
        positions = self._data.positions
        reached = [positions[one] for one in own] if route is None else route.present.positions
        pairs = zip(own, reached, strict=True)
        self.reached.update((one, at) for one, at in pairs if one in self.streams)
        if route is not None:
            self.past.enter(route)
        self.is_untold |= route is None or not route.remainders

    # --- moves
    def leave_ended(self) -> Iterator[tuple[FeedPositions, FeedPositions]]:
        """Go on from the ended epochs that have been sent; yield the bounds of gaps after them."""
        while self.past and self.past.is_at_end:
            gap = self.past.go_on()
            self.is_untold = True
            if gap is not None:
                yield gap

    @property
    def is_level(self) -> bool:
        """True if all that was published has been sent."""
        if self.past:
            return False
        self._follow()
        positions = self._data.positions
        level = all(self.reached[one] == positions[one] for one in self.streams)
        return level and not self._unfinished

    def _follow(self) -> None:
        """Begin with new streams of the topic at the positions of before they were."""
        positions = self._data.positions
        for stream in self.streams:
            self.reached.setdefault(stream, self._others.get(stream, positions[stream]))
        self._others = dict(positions)

    def place(self) -> Place:
        """Return the place from which to go on."""
        if self.past:
            others = [feed for feed in self.feeds if feed != self.past.feed]
            return self.past.place(tuple(map(self.part, others)))
        return Place(tuple((stream, self.reached[stream]) for stream in self.streams))

    @property
    def unfinished(self) -> Mapping[Stream, Unfinished]:
        """The merged writes whose rest is to be sent next."""
        return self.past.unfinished if self.past else self._unfinished

    def reach(self, positions: Mapping[Stream, int]) -> None:
        """Go on to later positions of a place."""
        if self.past:
            self.past.reach(positions)
        else:
            self.reached.update(positions)
            self._unfinished = still_unfinished(self._unfinished, self.reached)
