"""`TickSubscription`: one client on one market topic, either live or catching up.

A live subscription is in its view's lane of the hub. One that catches up has its own positions and
reads the streams from there, at the pace of its connection. When its positions meet the worker's,
it goes live in the same step of the event loop, so that no tick is lost or sent twice. Clients that
joined with ``since``, clients that were too slow, and all clients to which a feed is new catch up
in the same way.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from tickfire.base.retry import Backoff
from tickfire.phoenix import Socket
from tickfire.server.market.ticks.positions import FeedPositions, WireId, feeds_of
from tickfire.server.market.ticks.seek import seek
from tickfire.server.market.ticks.tick_source import TickSource
from tickfire.server.market.ticks.views import REALTIME, View, symbol_of
from tickfire.store.entries import TickEntry
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Stream

logger = logging.getLogger(__name__)

HIGH_WATER: Final = 128 << 10
"""Bytes waiting for a client beyond which reading pauses; one entry more is at most 60 KB."""
FIRST_BATCH: Final = 32
"""Entries in the first read from Redis; later reads are smaller or larger, within the limits."""
LEAST_BATCH: Final = 8
MOST_BATCH: Final = 512


class TickSubscription:
    """The positions of one client in one topic.

    Parameters
    ----------
    source : TickSource
        The market.
    socket : Socket
    view : View
        The view that the client gets, shared with all who get the same.
    """

    def __init__(self, source: TickSource, socket: Socket, view: View) -> None:
        self.source = source
        self.socket = socket
        self.view = view
        self._symbol = symbol_of(view.topic)
        self._joined = False
        self._reached: dict[Stream, int] = {}
        """The client's position in each stream while it catches up, empty while it is live."""
        self._others: dict[Stream, int] = {}
        """While it catches up: positions in the streams that its topic takes no ticks from."""
        self._left: dict[int, FeedPositions | None] = {}
        """The client's positions in feeds that are being loaded; None for the newest to come."""
        self._task: asyncio.Task[None] | None = None
        self._table = source.data.instruments.version
        self._batch = FIRST_BATCH
        socket.outlet.on_overflow = self._overflowed

    def close(self) -> None:
        """End the subscription."""
        self.socket.outlet.on_overflow = None
        self._stop_reading()

    def _stop_reading(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.source.metrics.catching_up.dec()

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
        positions = self._positions()
        reached = tuple(positions[stream] for stream in self._of(feed))
        return FeedPositions(self.source.data.epochs[feed].key, reached)

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
        found = await seek(self.source, lambda: self._streams, since)
        self._reached, self._others, before = found.reached, found.others, found.lost
        self._joined = True
        self._left = {part.feed: part for part in since.parts if part.feed in self.source.loading}
        known = self.source.data.epochs.keys() | self.source.loading
        before += (part for part in since.parts if part.feed not in known)
        reached = [self._part(part.feed) for part in before if part.feed in known]
        if self._is_level():
            self._go_live()
        else:
            self._catch_up("since")
        if not before:
            return {"recovered": True}
        ends = reached or [self._part(feed) for feed in self._feeds()]
        return {"recovered": False, "missed": _range(before, ends)}

    # --- live
    def _go_live(self) -> None:
        self._reached, self._others = {}, {}
        self.source.fanout.settle(self.view)
        self.socket.outlet.lane = self.view.name

    def _overflowed(self, missed: int) -> None:
        before = self.source.fanout.positions_before(self.view, missed)
        self.socket.outlet.lane = None
        self._reached, self._others = {}, dict(before)
        self._follow_streams()
        self._catch_up("slow")

    # --- feeds
    def leave(self, feed: int) -> None:
        """Remember the positions in a feed whose epoch is over, while it is still followed."""
        if not self._joined or feed not in self._feeds():
            return
        self._left[feed] = self._part(feed)
        self._forget(feed)
        if self._task is not None:  # a read that has begun may be of the next epoch
            self._stop_reading()
            self._read_history()

    def enter(self, feed: int) -> None:
        """Go on in a feed that has been loaded.

        If it is in another epoch than before, a ``gap`` stands for the unsent ticks of the old one.
        A feed that is new is read from its beginning.
        """
        if not self._joined or feed not in self._feeds():
            return
        data, own = self.source.data, self._of(feed)
        newest = FeedPositions(data.epochs[feed].key, tuple(data.positions[one] for one in own))
        left = self._left.pop(feed, newest._replace(positions=(0,) * len(own)))
        self._forget(feed)
        resumes = left is not None and left.epoch == newest.epoch
        if left is not None and resumes and len(left.positions) == len(own) and left != newest:
            behind = dict(zip(own, left.positions, strict=True))
            self._fall_behind({stream: behind[stream] for stream in own if stream in self._streams})
            return
        if left is not None and left != newest:
            self._push_gap(left, newest)
        self._send_state()

    def _forget(self, feed: int) -> None:
        self._reached = {one: at for one, at in self._reached.items() if one.feed != feed}
        self._others = {one: at for one, at in self._others.items() if one.feed != feed}

    def _fall_behind(self, begin: dict[Stream, int]) -> None:
        """Catch up in some streams."""
        if self._task is None:
            self.source.fanout.settle(self.view)
            self.socket.outlet.lane = None  # which may overflow
        if self._task is None:
            positions = self.source.data.positions
            self._reached = {stream: positions[stream] for stream in self._streams}
            self._catch_up("feed")
        self._reached.update(begin)

    # --- catching up
    def _catch_up(self, why: str) -> None:
        self.source.metrics.catch_ups.labels(why).inc()
        self._batch = FIRST_BATCH
        self._read_history()

    def _read_history(self) -> None:
        self.source.metrics.catching_up.inc()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._read_on()
        except Exception:
            logger.exception(
                "a subscriber of %s cannot catch up; its connection is closed", self.view.topic
            )
            self.socket.abort()

    async def _read_on(self) -> None:
        backoff = Backoff()
        while not self._is_level():
            if self.socket.outlet.buffered > HIGH_WATER:
                await self._drained()
                continue
            positions = self.source.data.positions
            behind = [one for one in self._streams if self._reached[one] < positions[one]]
            if self._symbol is not None:
                del behind[1:]  # a symbol is in one stream at a time: they are read in turn
            if not behind:  # the client is ahead of this worker
                await self.source.moved()
                continue
            try:
                for stream in behind:
                    await self._step(stream)
                backoff.reset()
            except RedisUnavailable:
                await backoff.pause()
        self._task = None
        self.source.metrics.catching_up.dec()
        self._send_state()
        self._go_live()

    async def _drained(self) -> None:
        drained = asyncio.Event()
        self.socket.outlet.on_writable(drained.set)
        await drained.wait()

    def _is_level(self) -> bool:
        self._follow_streams()
        positions = self.source.data.positions
        return all(self._reached[one] == positions[one] for one in self._streams)

    async def _step(self, stream: Stream) -> None:
        """Send the next entries of one stream, up to the position that the worker has published."""
        reached = self._reached[stream]
        entries = self.source.recent(stream, reached)
        if entries is None:
            entries, _ = await self.source.history(stream).ticks_after(reached, self._batch)
        end = self.source.data.positions[stream]
        entries = [entry.until(end) for entry in entries if entry.first <= end]
        if not entries:
            self._skip_to(stream, end)
        for sent, entry in enumerate(entries):
            if entry.first > self._reached[stream] + 1:
                self._skip_to(stream, entry.first - 1)
            await self._send(stream, entry)
            if self.socket.outlet.buffered > HIGH_WATER:
                self._batch = max(LEAST_BATCH, sent)
                return
        self._batch = min(MOST_BATCH, 2 * self._batch)

    async def _send(self, stream: Stream, entry: TickEntry) -> None:
        """Send an entry under the symbols that its instruments had at its time."""
        data = self.source.data
        data.slots.of(entry)
        if not data.instruments.complete:
            await self.source.learn()
        for part, ts in data.instruments.parts(entry):
            named = data if ts is None else data.as_of(stream.feed, ts)
            ticks = data.slots.of(part)
            frames, _ = self.view.encode(named, stream, ticks, self._positions(), live=False)
            if frames:
                self.socket.outlet.write(frames)
            self._reached[stream] = part.last

    def _skip_to(self, stream: Stream, position: int) -> None:
        """Go on after a position, and tell the client of the gap before it."""
        begin = self._part(stream.feed)
        self._reached[stream] = position
        self._push_gap(begin, self._part(stream.feed))

    def _push_gap(self, begin: FeedPositions, end: FeedPositions) -> None:
        self.socket.push("gap", _range([begin], [end]))

    def _send_state(self) -> None:
        """Send the quote and the table, which are state rather than history, as they are now."""
        data = self.source.data
        quote = self.view.quote(data)
        if quote is not None:
            self.socket.push("quote", quote)
        table = data.instruments.version
        if self.view.topic == REALTIME and self._table != table:
            self.socket.push("instruments", {"instruments": data.instruments.as_json()})
        self._table = table


def _range(begin: list[FeedPositions], end: list[FeedPositions]) -> dict[str, str]:
    return {"from": str(WireId(tuple(sorted(begin)))), "to": str(WireId(tuple(sorted(end))))}
