"""`TickSubscription`: one client on one market topic, either live or catching up.

A live subscription is in its view's lane of the hub. One that catches up has its own positions and
is sent the history from there, in chunks that it shares with others (see catch_up.py), at the pace
of its connection. When its positions meet the worker's, it goes live in the same step of the event
loop, so that no tick is lost or sent twice. Clients that joined with ``since``, clients that were
too slow, and all clients to which a feed is new catch up in the same way.

One that was too slow is allowed a maximum lag (see lag.py). Beyond it, the rest of its backlog is
merged, of which ``status`` events tell; and if it does not read that either, it is disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from tickfire.base.retry import Backoff
from tickfire.base.units import NS_PER_MS
from tickfire.phoenix import Socket
from tickfire.server.market.ticks.chunks import Chunk, Place
from tickfire.server.market.ticks.conflated import BANDWIDTH, SLOW, Conflated
from tickfire.server.market.ticks.merged_views import BacklogView, UnfinishedView
from tickfire.server.market.ticks.past import Past
from tickfire.server.market.ticks.positions import (
    FeedPositions,
    Positions,
    Unfinished,
    WireId,
    feeds_of,
)
from tickfire.server.market.ticks.seek import seek, still_unfinished, unfinished_of
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.server.market.ticks.views import REALTIME, View, symbol_of
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Stream

HIGH_WATER: Final = 128 << 10
"""Bytes waiting for a client beyond which it is sent no more chunks."""
LOADING_S: Final = 5.0
"""Time, in seconds, that a join with an id waits for feeds of the id that are being loaded."""
NO_FEEDS: Final[frozenset[int]] = frozenset()

type Wait = Callable[[Socket], float]

TOO_SLOW: Final = 1013, "slow"
"""Close code, "try again later", and reason for a client that does not read."""


class TickSubscription:
    """The positions of one client in one topic.

    Parameters
    ----------
    source : TickSource
        The market.
    socket : Socket
    view : View
        The view that the client gets, shared with all who get the same.
    wait_s : callable
        Returns the seconds for which a client is to be sent no more, 0 if none.
    """

    def __init__(self, source: TickSource, socket: Socket, view: View, wait_s: Wait) -> None:
        self.source = source
        self._wait_s = wait_s
        self._resting: asyncio.TimerHandle | None = None
        """While it may be sent no more, by its quota: what ends that."""
        self.socket = socket
        self.view = view
        self._symbol = symbol_of(view.topic)
        self._joined = False
        self._reached: dict[Stream, int] = {}
        """The client's position in each stream while it catches up, empty while it is live."""
        self._others: dict[Stream, int] = {}
        """While it catches up: positions in the streams that its topic takes no ticks from."""
        self._unfinished: dict[Stream, Unfinished] = {}
        """The merged writes of which the client has the first ticks, to be sent before others."""
        self._past = Past()
        """The ended epochs that it is still to be sent."""
        self._left: dict[int, FeedPositions | None] = {}
        """The client's positions in feeds that are being loaded; None for the newest to come."""
        self._behind: frozenset[int] = NO_FEEDS
        """Those of these feeds in which it was catching up."""
        self._seeking: dict[int, asyncio.Task[None]] = {}
        """The search for the way on in feeds whose epoch has ended while it was catching up."""
        self._catching_up = False
        self._conflated: Conflated | None = None
        """While its backlog is merged: the part of the topic that is."""
        self.is_blocked = False
        """True while it waits for the client to read."""
        self._table = source.data.instruments.encoded() if view.topic == REALTIME else None
        """The table of instruments that the client has."""
        socket.outlet.on_overflow = self._overflowed

    def close(self) -> None:
        """End the subscription."""
        self.socket.outlet.on_overflow = None
        for task in self._seeking.values():
            task.cancel()
        self._end_catch_up()

    # --- streams
    @property
    def _streams(self) -> tuple[Stream, ...]:
        """The streams from which the topic takes ticks: more when its symbol moves on."""
        data = self.source.data
        if self._symbol is None:
            return data.streams
        return tuple(one for one in data.instruments.streams(self._symbol) if one in data.streams)

    def _of(self, feed: int) -> tuple[Stream, ...]:
        """Return the streams of a feed, in the order of an id's positions."""
        return self.source.data.streams_of(feed)

    def _feeds(self) -> tuple[int, ...]:
        return feeds_of(self._streams)

    def _part(self, feed: int) -> FeedPositions:
        """Return the positions that the client has reached in a feed."""
        past = self._past.part(feed)
        if past is not None:
            return past
        positions = self._positions()
        own = self._of(feed)
        reached = tuple(positions[stream] for stream in own)
        unfinished = next((self._unfinished[one] for one in own if one in self._unfinished), None)
        return FeedPositions(self.source.data.epochs[feed].key, reached, unfinished)

    def _id(self) -> WireId:
        """Return the id of the newest ticks that the client has been sent."""
        return WireId(tuple(self._part(feed) for feed in self._feeds()))

    def _positions(self) -> dict[Stream, int]:
        """Return the positions that the client has reached in all streams."""
        reached = self._others | self._reached
        newest = self.source.data.positions
        return {stream: reached.get(stream, at) for stream, at in newest.items()}

    def _follow_streams(self) -> None:
        """Begin with new streams of the topic at the positions of before they were."""
        positions = self.source.data.positions
        for stream in self._streams:
            self._reached.setdefault(stream, self._others.get(stream, positions[stream]))
        self._others = dict(positions)

    # --- joining
    async def start(self, since: WireId | None) -> dict[str, Any]:
        """Begin live, or after `since`.

        Returns
        -------
        dict
            The part of the join reply that says whether the client was recovered; empty without
            `since`.

        Raises
        ------
        BadSince
            The id does not fit the shards of a feed.
        RedisUnavailable
            The history cannot be read now.
        """
        if since is None:
            self._joined = True
            self._left = dict.fromkeys(self.source.loading)
            self._go_live()
            return {}
        self.socket.outlet.lane = None
        await self._wait_for({part.feed for part in since.parts})
        found = await seek(self.source, lambda: self._streams, since)
        self._reached, self._others, before = found.reached, found.others, found.lost
        self._past, self._unfinished, self._joined = found.past, found.unfinished, True
        self._left = {part.feed: part for part in since.parts if part.feed in self.source.loading}
        known = self.source.data.epochs.keys() | self.source.loading
        before += (part for part in since.parts if part.feed not in known)
        reached = [self._part(part.feed) for part in before if part.feed in known]
        if not self._past and self._is_level():
            self._go_live()
        else:
            self._catch_up("since")
        if not before:
            return {"recovered": True}
        ends = reached or [self._part(feed) for feed in self._feeds()]
        return {"recovered": False, "missed": _range(before, ends)}

    async def _wait_for(self, feeds: Collection[int]) -> None:
        """Wait a while for feeds that are being loaded, as ids of meanwhile would lack them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOADING_S):
                while any(feed in self.source.loading for feed in feeds):
                    await self.source.feeds_changed()

    # --- live
    def _go_live(self) -> None:
        self._reached, self._others = {}, {}
        self.source.fanout.welcome(self.view)
        self.socket.outlet.lane = self.view.name

    def _overflowed(self, missed: int) -> None:
        before = self.source.fanout.positions_before(self.view, missed)
        self._left = {feed: self._reached_before(part, before) for feed, part in self._left.items()}
        self.socket.outlet.lane = None
        self._reached, self._others = {}, dict(before)
        self._follow_streams()
        self._catch_up("slow")
        self.source.lag.add(self)

    def _reached_before(
        self, left: FeedPositions | None, before: Positions
    ) -> FeedPositions | None:
        """Return the positions in a feed that was left, of a client that some writes missed."""
        own = () if left is None else self._of(left.feed)
        newest = tuple(self.source.data.positions[stream] for stream in own)
        if left is None or left.positions != newest:
            return left  # it was not live in that feed
        return left._replace(positions=tuple(before[stream] for stream in own))

    # --- feeds
    def leave(self, feed: int) -> None:
        """Remember the positions in a feed whose epoch is over, while it is still followed."""
        if not self._joined or feed not in self._feeds():
            return
        if feed in self._seeking:
            self._seeking.pop(feed).cancel()
        else:
            self._left[feed] = self._part(feed)
        if self._catching_up:
            self._behind |= {feed}
        self._past.leave(feed)
        self._forget(feed)

    def enter(self, feed: int) -> None:
        """Go on in a feed that has been loaded.

        If it is in another epoch than before, a ``gap`` stands for the unsent ticks of the old one,
        unless the client was catching up there, and goes on in the archive. A feed that is new is
        read from its beginning.
        """
        was_behind = feed in self._behind
        if was_behind:
            self._behind -= {feed}
        if not self._joined or feed not in self._feeds():
            return
        data, own = self.source.data, self._of(feed)
        newest = FeedPositions(data.epochs[feed].key, tuple(data.positions[one] for one in own))
        left = self._left.pop(feed, newest._replace(positions=(0,) * len(own)))
        self._forget(feed)
        if left is not None and was_behind and left.epoch != newest.epoch:
            self._go_on_after(left)
            return
        resumes = left is not None and left.epoch == newest.epoch
        if left is not None and resumes and len(left.positions) == len(own) and left != newest:
            behind = dict(zip(own, left.positions, strict=True))
            self._fall_behind({stream: behind[stream] for stream in own if stream in self._streams})
            self._unfinished.update(unfinished_of(left, own))
            return
        if left is not None and left != newest:
            self._push_gap(left, newest)
        self._send_state()

    def _go_on_after(self, left: FeedPositions) -> None:
        """Catch up after positions in an ended epoch of a feed, once the way on is found."""
        self._left[left.feed] = left
        self._fall_behind({})
        task = asyncio.get_running_loop().create_task(self._find_way(left))
        self._seeking[left.feed] = task

    async def _find_way(self, left: FeedPositions) -> None:
        feed, backoff = left.feed, Backoff()
        while True:
            try:
                route = await self.source.route(left)
                break
            except RedisUnavailable:
                await backoff.pause()
        del self._seeking[feed], self._left[feed]
        own = self._of(feed)
        positions = self.source.data.positions
        reached = [positions[one] for one in own] if route is None else route.present.positions
        self._reached.update(
            (one, at) for one, at in zip(own, reached, strict=True) if one in self._streams
        )
        if route is not None:
            self._past.enter(route)
        if route is None or not route.is_whole:
            self._push_gap(left, self._part(feed))
        self._await_turn()

    def _forget(self, feed: int) -> None:
        self._reached = {one: at for one, at in self._reached.items() if one.feed != feed}
        self._others = {one: at for one, at in self._others.items() if one.feed != feed}
        self._unfinished = {one: at for one, at in self._unfinished.items() if one.feed != feed}

    def _fall_behind(self, begin: dict[Stream, int], why: str = "feed") -> None:
        """Catch up in some streams."""
        if not self._catching_up:
            self.source.fanout.settle(self.view)
            self.socket.outlet.lane = None  # which may overflow
        if not self._catching_up:
            positions = self.source.data.positions
            self._reached = {stream: positions[stream] for stream in self._streams}
            self._catch_up(why)
        self._reached.update(begin)

    # --- catching up
    def _catch_up(self, why: str) -> None:
        self.source.metrics.catch_ups.labels(why).inc()
        self.source.metrics.catching_up.inc()
        self._catching_up = True
        self._await_turn()

    def _end_catch_up(self) -> None:
        if not self._catching_up:
            return
        self._catching_up = self.is_blocked = False
        self._rest_no_more()
        self.source.metrics.catching_up.dec()
        self.source.lag.remove(self)
        if self._conflated is not None:
            self._conflated = None
            self.source.metrics.conflated.dec()

    def _await_turn(self) -> None:
        self.is_blocked = False
        self._rest_no_more()
        self.source.catch_up.add(self)

    def send_next(self) -> int:
        """Send the next chunk of history, if the client takes it; return its size in bytes."""
        if not self._catching_up or self._seeking:
            return 0
        outlet = self.socket.outlet
        if outlet.buffered > HIGH_WATER:
            self.is_blocked = True
            outlet.on_writable(self._await_turn)
            return 0
        if self._is_level():
            self._arrive()
            return 0
        wait_s = self._wait_s(self.socket)
        if wait_s:
            self._rest(wait_s)
            return 0
        chunk = self.source.catch_up.chunk(self, self._next_view(), self._place())
        if chunk is None:
            return 0
        self._take(chunk)
        if self._is_level():
            self._arrive()
        else:
            self._await_turn()
        return len(chunk.frames)

    def _next_view(self) -> View:
        """Return the view that the next chunk is of."""
        for stream, write in (self._past.unfinished if self._past else self._unfinished).items():
            return UnfinishedView(self.view, stream, write)
        return self.view if self._conflated is None else BacklogView(self.view)

    # --- bandwidth
    def limit(self) -> None:
        """Send a live client no more for a while, if it has been sent as much as it may."""
        if self._joined and not self._catching_up and self._wait_s(self.socket):
            self._fall_behind({}, BANDWIDTH)
            self.source.lag.add(self)

    def _rest(self, wait_s: float) -> None:
        """Wait until the client may be sent more; its lag counts as if it read nothing."""
        self.is_blocked = True
        self._resting = asyncio.get_running_loop().call_later(wait_s, self._await_turn)

    def _rest_no_more(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    # --- lagging
    @property
    def place(self) -> Mapping[Stream, int]:
        """Position reached in each stream of the topic; see `Laggard`."""
        return self._reached

    def conflate(self) -> None:
        """Merge what is to be sent from now on, until the client is live again; see `Laggard`."""
        if self._conflated is None:
            cause = SLOW if self._resting is None else BANDWIDTH
            self._conflated = Conflated(time.time_ns() // NS_PER_MS, self._id(), cause)
            self.source.metrics.conflations.inc()
            self.source.metrics.conflated.inc()

    def evict(self) -> None:
        """Close the connection of the client, unless it would read; see `Laggard`."""
        if self._resting is not None:
            return
        self.source.metrics.evicted += 1
        self.socket.close(*TOO_SLOW)

    def give_up(self) -> None:
        """Cut the connection, because the history cannot be encoded."""
        self.socket.abort()

    def _is_level(self) -> bool:
        while self._past and self._past.is_at_end:
            gap = self._past.go_on()
            if gap is not None:
                self._push_gap(*gap)
        if self._past:
            return False
        self._follow_streams()
        positions = self.source.data.positions
        level = all(self._reached[one] == positions[one] for one in self._streams)
        return level and not self._unfinished

    def _place(self) -> Place:
        if self._past:
            others = [feed for feed in self._feeds() if feed != self._past.feed]
            return self._past.place(tuple(map(self._part, others)))
        return Place(tuple((stream, self._reached[stream]) for stream in self._streams))

    def _reach(self, positions: Mapping[Stream, int]) -> None:
        if self._past:
            self._past.reach(positions)
        else:
            self._reached.update(positions)
            self._unfinished = still_unfinished(self._unfinished, self._reached)

    def _take(self, chunk: Chunk) -> None:
        if chunk.gap is not None:
            self._skip_to(chunk.gap, dict(chunk.end.positions)[chunk.gap])
        self._reach(dict(chunk.end.positions))
        if chunk.frames:
            self._send_table((chunk.end.past or self.source).data)
            if self._conflated is not None:
                self.socket.push("status", self._conflated.go_on(chunk.merged, self._id()))
                self.source.metrics.merged.inc(chunk.merged)
            self.socket.outlet.write(chunk.frames)
        if not chunk.newest:
            self.source.catch_up.expect(self._next_view(), self._place())

    def _arrive(self) -> None:
        if self._conflated is not None:
            self.socket.push("status", self._conflated.finish())
        self._end_catch_up()
        self._send_state()
        self._go_live()

    def _skip_to(self, stream: Stream, position: int) -> None:
        """Go on after a position, and tell the client of the gap before it."""
        begin = self._part(stream.feed)
        self._reach({stream: position})
        self._push_gap(begin, self._part(stream.feed))

    def _push_gap(self, begin: FeedPositions, end: FeedPositions) -> None:
        self.socket.push("gap", _range([begin], [end]))

    def _send_state(self) -> None:
        """Send the quote and the table, which are state rather than history, as they are now."""
        data = self.source.data
        quote = self.view.quote(data)
        if quote is not None:
            self.socket.push("quote", quote)
        self._send_table(data)

    def _send_table(self, data: TickData) -> None:
        """Send the table of instruments if the client has another one."""
        if self._table is None or self._table is data.instruments.encoded():
            return
        before, self._table = self._table, data.instruments.encoded()
        if self._table != before:
            self.socket.push("instruments", {"instruments": self._table})


def _range(begin: list[FeedPositions], end: list[FeedPositions]) -> dict[str, str]:
    return {"from": str(WireId(tuple(sorted(begin)))), "to": str(WireId(tuple(sorted(end))))}
