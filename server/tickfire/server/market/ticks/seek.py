"""`seek`: the positions of an id, after which a client goes on, and the loss before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tickfire.server.market.ticks.past import Past, Route
from tickfire.server.market.ticks.positions import FeedPositions, Unfinished, WireId, feeds_of
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.store.schema import Stream


class BadSince(ValueError):
    """The given ``since`` is not an id of the topic."""


@dataclass(slots=True)
class Found:
    """The positions of an id, or the next available ones.

    Attributes
    ----------
    reached : dict of Stream to int
        In the streams of the topic, and in all of a feed of whose ended epoch the id is.
    others : dict of Stream to int
        In the other streams of the same feeds.
    unfinished : dict of Stream to Unfinished
        The write of which the client has a part beyond the position in a stream.
    lost : list of FeedPositions
        The positions after which ticks are lost, of each feed that has lost any.
    past : Past
        The ended epochs that come before those positions.
    is_untold : bool
        True if the client goes on in another epoch than that of the id, at a position that nothing
        tells it.
    """

    reached: dict[Stream, int] = field(default_factory=dict)
    others: dict[Stream, int] = field(default_factory=dict)
    unfinished: dict[Stream, Unfinished] = field(default_factory=dict)
    lost: list[FeedPositions] = field(default_factory=list)
    past: Past = field(default_factory=Past)
    is_untold: bool = False


async def seek(
    source: TickSource, streams: Callable[[], tuple[Stream, ...]], since: WireId
) -> Found:
    """Find the positions of an id.

    Parameters
    ----------
    source : TickSource
    streams : callable
        Returns the streams from which the topic takes ticks now.
    since : WireId

    Raises
    ------
    BadSince
        The id does not fit the shards of a feed.
    RedisUnavailable
        The history cannot be read now.
    """
    while True:
        begin = _begin(source, streams(), since)
        epochs = {feed: source.data.epochs[feed] for feed in begin}
        ended = [part for part in begin.values() if part.epoch != epochs[part.feed].key]
        routes = {part.feed: await source.route(part) for part in ended}
        first = {
            stream: await _first_after(source, stream, position, end)
            for part in begin.values() if part.epoch == epochs[part.feed].key
            for stream, position, end in zip(
                _own(source, part), part.positions, part.ends, strict=True
            )
            if stream in streams()
        }  # fmt: skip
        if epochs == {feed: source.data.epochs[feed] for feed in feeds_of(streams())}:
            return _arrive(source, begin, first, routes)


def _own(source: TickSource, part: FeedPositions) -> tuple[Stream, ...]:
    """Return the streams of a part's feed, in the order of its positions."""
    return source.data.streams_of(part.feed)


def _begin(
    source: TickSource, streams: tuple[Stream, ...], since: WireId
) -> dict[int, FeedPositions]:
    """Return the positions to begin after in each feed: 0 in a feed that is new to the client."""
    begin = {}
    for feed in feeds_of(streams):
        key, count = source.data.epochs[feed].key, len(source.data.streams_of(feed))
        begin[feed] = since.part(feed) or FeedPositions(key, ())
        if begin[feed].epoch == key:
            begin[feed] = begin[feed].padded(count)
            if len(begin[feed].positions) != count:
                raise BadSince("since is an id of another number of shards")
    return begin


def _arrive(
    source: TickSource,
    begin: Mapping[int, FeedPositions],
    first: Mapping[Stream, int],
    routes: Mapping[int, Route | None],
) -> Found:
    """Return the positions to go on after, given the first available one in each stream.

    Parameters
    ----------
    source : TickSource
    begin : mapping of int to FeedPositions
        The positions of the id in each feed.
    first : mapping of Stream to int
        Of the present epochs.
    routes : mapping of int to Route or None
        Of feeds whose epoch is over; None if that one is not known.
    """
    positions = source.data.positions
    found = Found(past=Past(*filter(None, routes.values())))
    for feed, part in begin.items():
        own = _own(source, part)
        if feed in routes:
            route = routes[feed]
            if route is None or not route.is_whole:
                found.lost.append(part)
            found.is_untold |= route is not None and route.begin.epoch != part.epoch
            reached = [positions[one] for one in own] if route is None else route.present.positions
            found.reached.update(zip(own, reached, strict=True))
            continue
        for stream, position in zip(own, part.positions, strict=True):
            if stream not in first:
                found.others[stream] = position
                continue
            if first[stream] > position:
                found.reached[stream] = first[stream] - 1
            else:  # the stream ends before: such a tick never existed
                found.reached[stream] = positions[stream]
            if first[stream] != position + 1 and part not in found.lost:
                found.lost.append(part)
        unfinished = unfinished_of(part, own)
        found.unfinished.update({one: unfinished[one] for one in unfinished if first.get(one)})
    found.unfinished = still_unfinished(found.unfinished, found.reached)
    return found


def unfinished_of(part: FeedPositions, own: Sequence[Stream]) -> dict[Stream, Unfinished]:
    """Return the unfinished write of a part by its stream, one of those of its feed."""
    return {} if part.unfinished is None else {own[part.unfinished.shard]: part.unfinished}


def still_unfinished(
    unfinished: Mapping[Stream, Unfinished], reached: Mapping[Stream, int]
) -> dict[Stream, Unfinished]:
    """Return the writes of which more than the positions reached was sent."""
    return {
        stream: write for stream, write in unfinished.items()
        if reached.get(stream, write.sent) < write.sent
    }  # fmt: skip


async def _first_after(source: TickSource, stream: Stream, position: int, end: int) -> int:
    """Return the first available position after one, which may be yet to come.

    Return 0 if `end`, which the stream is to have reached, is beyond the end of the stream.
    """
    positions = source.data.positions
    if end > positions[stream]:  # another worker is ahead of this one, or it never existed
        if end > await source.history(stream).newest():
            return 0
        if position >= positions[stream]:
            return position + 1
    if position == positions[stream]:
        return position + 1
    entries = source.recent(stream, position)
    if entries is not None:
        return entries[0].first if entries else positions[stream] + 1
    return await source.catch_up.first_after(stream, position) or positions[stream] + 1
