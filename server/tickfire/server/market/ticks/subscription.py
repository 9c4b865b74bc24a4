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

from tickfire.base.units import NS_PER_MS
from tickfire.phoenix import Socket
from tickfire.server.market.ticks.absences import Absences
from tickfire.server.market.ticks.chunks import Chunk
from tickfire.server.market.ticks.conflated import BANDWIDTH, SLOW, Conflated
from tickfire.server.market.ticks.merged_views import BacklogView, UnfinishedView
from tickfire.server.market.ticks.positions import FeedPositions, Positions, WireId
from tickfire.server.market.ticks.progress import Progress
from tickfire.server.market.ticks.seek import Found, seek
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.server.market.ticks.views import REALTIME, View, symbol_of
from tickfire.store.schema import Stream

HIGH_WATER: Final = 128 << 10
"""Bytes waiting for a client beyond which it is sent no more chunks."""
LOADING_S: Final = 5.0
"""Time, in seconds, that a join with an id waits for feeds of the id that are being loaded."""
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
        self._absences = Absences(source)
        self._made_progress: Progress | None = None
        self._joined = False
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
        self._absences.close()
        self._end_catch_up()

    @property
    def _progress(self) -> Progress:
        """The positions of the client; none are kept while it is live, at those of the market."""
        if self._made_progress is None:
            absences = self._absences  # a reference to `self` would be a circle
            symbol = symbol_of(self.view.topic)
            self._made_progress = Progress(self.source, symbol, lambda: absences.parts)
        return self._made_progress

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
            self._absences.begin(None)
            self._go_live()
            return {}
        self.socket.outlet.lane = None
        progress = self._progress
        await self._wait_for({part.feed for part in since.parts})
        found = await seek(self.source, lambda: progress.streams, since)
        progress.begin(found)
        self._joined = True
        self._absences.begin(since.parts if self.view.topic == REALTIME else ())
        known = self.source.data.epochs.keys() | self.source.loading
        lost = [*found.lost, *(part for part in since.parts if part.feed not in known)]
        reached = [progress.part(part.feed) for part in lost if part.feed in known]
        if progress.is_level and not progress.is_untold:
            self._go_live()
        else:
            self._catch_up("since")
        if not lost:
            return {"recovered": True}
        ends = reached or [progress.part(feed) for feed in progress.feeds]
        return {"recovered": False, "missed": _range(lost, ends)}

    async def _wait_for(self, feeds: Collection[int]) -> None:
        """Wait a while for feeds that are being loaded, so that the reply tells of them, too."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOADING_S):
                while any(feed in self.source.loading for feed in feeds):
                    await self.source.feeds_changed()

    # --- live
    def _go_live(self) -> None:
        self._made_progress = None
        self.source.fanout.welcome(self.view)
        self.socket.outlet.lane = self.view.name

    def _overflowed(self, missed: int) -> None:
        before = self.source.fanout.positions_before(self.view, missed)
        self._absences.correct(lambda left: self._reached_before(left, before))
        self.socket.outlet.lane = None
        self._progress.begin_before(before)
        self._catch_up("slow")
        self.source.lag.add(self)

    def _reached_before(self, left: FeedPositions, before: Positions) -> FeedPositions:
        """Return the positions in a feed that was left, of a client that some writes missed."""
        own = self.source.data.streams_of(left.feed)
        if left.positions != tuple(self.source.data.positions[stream] for stream in own):
            return left  # it was not live in that feed
        return left._replace(positions=tuple(before[stream] for stream in own))

    # --- feeds
    def leave(self, feed: int) -> None:
        """Remember the positions in a feed whose epoch is over, while it is still followed."""
        if not self._joined or feed not in self._progress.feeds:
            return
        self._absences.leave(self._progress.part(feed), is_behind=self._catching_up)
        self._progress.forget(feed)

    def enter(self, feed: int) -> None:
        """Go on in a feed that has been loaded.

        A client that was catching up there, or has joined meanwhile with an id, goes on after its
        positions. To others, a ``gap`` stands for the unsent ticks of an epoch that is over. A feed
        that is new is read from its beginning.
        """
        if not self._joined or feed not in self._progress.feeds:
            self._absences.forget(feed)
            return
        data = self.source.data
        newest = data.newest_id(data.streams_of(feed)).part(feed)
        assert newest is not None
        left, was_behind = self._absences.enter(newest)
        self._progress.forget(feed)
        if left is not None and was_behind:
            self._fall_behind()
            self._absences.search(left, lambda: self._streams(feed), self._go_on, self.give_up)
        elif left is not None and (left.epoch, len(left.positions)) == newest.shape:
            if left != newest:
                self._fall_behind()
            if self._catching_up:
                self._progress.resume(left)
            else:
                self._send_state()
        else:
            if self._catching_up:
                self._progress.resume(newest)
            if left is not None and left != newest:
                self._push_gap(left, newest)
            self._push_id()
            self._send_state()

    def _streams(self, feed: int) -> tuple[Stream, ...]:
        return tuple(stream for stream in self._progress.streams if stream.feed == feed)

    def _go_on(self, left: FeedPositions, found: Found) -> None:
        """Catch up in a feed after the positions that the client had."""
        self._progress.go(found)
        if found.lost:
            self._push_gap(left, self._progress.part(left.feed))
        self._await_turn()

    def _fall_behind(self, why: str = "feed") -> None:
        """Begin to catch up at the newest positions."""
        if not self._catching_up:
            self.source.fanout.settle(self.view)
            self.socket.outlet.lane = None  # which may overflow
        if not self._catching_up:
            self._progress.begin_here()
            self._catch_up(why)

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
        self.source.catch_up.remove(self)
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
        if not self._catching_up or self._absences.is_searching:
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
        chunk = self.source.catch_up.chunk(self, self._next_view(), self._progress.place())
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
        for stream, write in self._progress.unfinished.items():
            return UnfinishedView(self.view, stream, write)
        return self.view if self._conflated is None else BacklogView(self.view)

    @property
    def has_unread(self) -> bool:
        """True while it waits for the client to read; see `Follower`."""
        return self.is_blocked and self._resting is None

    # --- bandwidth
    def limit(self) -> None:
        """Send a live client no more for a while, if it has been sent as much as it may."""
        if self._joined and not self._catching_up and self._wait_s(self.socket):
            self._fall_behind(BANDWIDTH)
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
        return self._progress.reached

    def conflate(self) -> None:
        """Merge what is to be sent from now on, until the client is live again; see `Laggard`."""
        if self._conflated is None:
            cause = SLOW if self._resting is None else BANDWIDTH
            self._conflated = Conflated(time.time_ns() // NS_PER_MS, self._progress.id(), cause)
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
        for gap in self._progress.leave_ended():
            self._push_gap(*gap)
        if self._progress.is_untold:
            self._push_id()
        return self._progress.is_level

    def _take(self, chunk: Chunk) -> None:
        if chunk.gap is not None:
            self._skip_to(chunk.gap, dict(chunk.end.positions)[chunk.gap])
        self._progress.reach(dict(chunk.end.positions))
        if chunk.frames:
            self._send_table(chunk.end.source(self.source).data)
            if self._conflated is not None:
                self.socket.push("status", self._conflated.go_on(chunk.merged, self._progress.id()))
                self.source.metrics.merged.inc(chunk.merged)
            self.socket.outlet.write(chunk.frames)
        if not chunk.newest:
            self.source.catch_up.expect(self._next_view(), self._progress.place())

    def _arrive(self) -> None:
        if self._conflated is not None:
            self.socket.push("status", self._conflated.finish())
        self._end_catch_up()
        self._send_state()
        self._go_live()

    def _skip_to(self, stream: Stream, position: int) -> None:
        """Go on after a position, and tell the client of the gap before it."""
        begin = self._progress.part(stream.feed)
        self._progress.reach({stream: position})
        self._push_gap(begin, self._progress.part(stream.feed))

    def _push_gap(self, begin: FeedPositions, end: FeedPositions) -> None:
        self.socket.push("gap", _range([begin], [end]))

    def _push_id(self) -> None:
        """Tell the client the positions that it has reached, which its ticks do not tell."""
        self._progress.is_untold = False
        reached = self._progress.id()
        if reached.parts:
            self.socket.push("bookmark", {"id": str(reached)})

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
