"""`Progress`: how far one client has been sent the ticks of its topic, while it catches up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tickfire.server.market.ticks.chunks import Place
from tickfire.server.market.ticks.past import Past
from tickfire.server.market.ticks.positions import (
    FeedPositions,
    Positions,
    Unfinished,
    WireId,
    feeds_of,
)
from tickfire.server.market.ticks.seek import Found, still_unfinished, unfinished_of
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.store.schema import Stream


class Progress:
    """The positions of a client.

    Parameters
    ----------
    source : TickSource
    symbol : str or None
        The symbol that the topic is about, None if it is about all.
    absent : callable
        Returns the positions in feeds that are being loaded.

    Attributes
    ----------
    reached : dict of Stream to int
        The position in each stream of the topic; empty, as at first, for a client that is live.
    past : Past
        The ended epochs that it is still to be sent.
    is_untold : bool
        True if the client cannot tell its positions from what it has been sent.
    """

    __slots__ = (
        *("_absent", "_data", "_others", "_source", "_symbol", "_unfinished"),
        *("is_untold", "past", "reached"),
    )

    def __init__(
        self,
        source: TickSource,
        symbol: str | None,
        absent: Callable[[], Sequence[FeedPositions]] = tuple,
    ) -> None:
        self._source = source
        self._data = source.data
        self._symbol = symbol
        self._absent = absent
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
        absent = {part.feed: part for part in self._absent()}
        feeds = [feed for feed in self.feeds if feed not in absent]
        return WireId(tuple(sorted([*map(self.part, feeds), *absent.values()])))

    @property
    def _beside(self) -> tuple[FeedPositions, ...]:
        """The positions in feeds that are being loaded, if the market has others in its ids."""
        absent = [part for part in self._absent() if part != self._kept(part.feed)]
        return tuple(sorted(absent))

    def _kept(self, feed: int) -> FeedPositions | None:
        """Return the last positions in a feed that has been left, None if it is new."""
        return self._data.newest_id(self._data.streams_of(feed)).part(feed)

    # --- beginnings
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

    def go(self, found: Found) -> None:
        """Go on in a feed that has been loaded."""
        streams = self.streams
        self.reached.update((one, at) for one, at in found.reached.items() if one in streams)
        self._others.update(found.others)
        self._unfinished.update(found.unfinished)
        for route in found.past.routes:
            self.past.enter(route)
        self.is_untold |= found.is_untold or bool(found.lost)

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
        if self.past or self._beside:
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
            parts = self.id().parts
            return self.past.place(tuple(part for part in parts if part.feed != self.past.feed))
        waiting = self._waiting
        beside = tuple(sorted([*self._beside, *map(self.part, waiting)]))
        origin = self._source.beside(beside) if beside else None
        streams = (one for one in self.streams if one.feed not in waiting)
        return Place(tuple((stream, self.reached[stream]) for stream in streams), origin)

    @property
    def _waiting(self) -> tuple[int, ...]:
        """The feeds whose unfinished writes are to be sent after that of another."""
        return feeds_of(self._unfinished)[1:]

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
