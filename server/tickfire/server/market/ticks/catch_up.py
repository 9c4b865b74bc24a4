"""`CatchUp`: history for all subscribers that catch up, read and encoded once, sent in turn.

Subscribers at the same place of one view share its chunks, and those at near places come together
(see chunks.py). A turn of the event loop sends at most `TURN_BYTES`, to one subscriber after the
other, so that live ticks and health checks wait no longer than that takes; and it sends none while
too many clients have not read what they were sent (see blocked.py). Chunks are made one at a time
for each view, and `READS` at a time in all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Final, Protocol

from tickfire.base.retry import Backoff
from tickfire.server.market.ticks.blocked import Blocked
from tickfire.server.market.ticks.chunk_frames import CHUNK_BYTES
from tickfire.server.market.ticks.chunk_maker import ChunkMaker
from tickfire.server.market.ticks.chunks import Chunk, Chunks, Place
from tickfire.server.market.ticks.history_source import HistorySource, TickHistory
from tickfire.server.market.ticks.merged_views import UnfinishedView
from tickfire.server.market.ticks.rest_maker import RestMaker
from tickfire.server.market.ticks.views import View
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Stream

TURN_BYTES: Final = 512 << 10
"""Bytes that are sent in one turn of the event loop."""
TURN_S: Final = 0.001
"""Time, in seconds, after which a turn serves no more subscribers."""
READS: Final = 2
"""Chunks that are made at a time."""
PAUSE_S: Final = 0.01
"""Time, in seconds, for which nothing is sent while as many clients as may have not read."""

logger = logging.getLogger(__name__)


class PresentSource(HistorySource, Protocol):
    """The market, as far as following its history needs it."""

    async def moved(self) -> None:
        """Wait until more ticks are published."""


class Follower(Protocol):
    """A subscriber that catches up."""

    @property
    def has_unread(self) -> bool:
        """True while it waits for its client to read."""

    def send_next(self) -> int:
        """Send the next chunk, if the client takes it; return its size in bytes."""

    def give_up(self) -> None:
        """End the connection, because the history cannot be encoded."""


type _Waiting = OrderedDict[Place, dict[Follower, None]]


class CatchUp:
    """Distributor of history.

    Parameters
    ----------
    source : PresentSource
    """

    def __init__(self, source: PresentSource) -> None:
        self._source = source
        self._maker = ChunkMaker(source)
        self._rests = RestMaker(source)
        self._chunks = Chunks()
        self._version = -1
        self._ready: OrderedDict[Follower, None] = OrderedDict()
        self._blocked: Blocked[Follower] = Blocked()
        self._turning = False
        self._pause: asyncio.TimerHandle | None = None
        self._waiting: dict[View, _Waiting] = {}
        self._tasks: dict[View, asyncio.Task[None]] = {}
        self._reads = asyncio.Semaphore(READS)
        self._firsts: dict[tuple[TickHistory, int], asyncio.Task[int | None]] = {}
        self._ahead: dict[Follower, None] = {}
        self._move: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Stop reading and sending."""
        for task in (*self._tasks.values(), self._move):
            if task is not None:
                task.cancel()
        self._move = None
        self._tasks.clear()
        self._ahead.clear()
        self._waiting.clear()
        self._ready.clear()
        self._blocked.clear()
        self._go_on()
        self._chunks.clear()

    def restart(self) -> None:
        """Drop all that was read, as a feed has begun or ended an epoch."""
        followers = dict.fromkeys((*self._ready, *self._ahead))
        for groups in self._waiting.values():
            for group in groups.values():
                followers.update(group)
        self.close()
        for follower in followers:
            self.add(follower)

    def forget(self, view: View) -> None:
        """Drop the chunks of a view without subscribers."""
        self._chunks.forget(view)
        self._maker.forget(view)
        self._waiting.pop(view, None)
        task = self._tasks.pop(view, None)
        if task is not None:
            task.cancel()

    # --- joining
    async def first_after(self, stream: Stream, position: int) -> int | None:
        """Return the first position after one that Redis holds, None if it holds none.

        Clients that join with the same id share the request.

        Raises
        ------
        RedisUnavailable
            The history cannot be read now.
        """
        history = self._source.history(stream)
        key = history, position
        request = self._firsts.get(key)
        if request is None:
            loop = asyncio.get_running_loop()
            request = self._firsts[key] = loop.create_task(_first_after(history, position))
            request.add_done_callback(lambda done: self._end_request(key, done))
        return await asyncio.shield(request)

    def _end_request(self, key: tuple[TickHistory, int], done: asyncio.Task[int | None]) -> None:
        del self._firsts[key]
        if not done.cancelled():
            done.exception()  # mark it as retrieved, as all who waited may have gone

    # --- turns
    def add(self, follower: Follower) -> None:
        """Let a subscriber send its next chunk when it is its turn."""
        self._ready[follower] = None
        if self._blocked.release(follower):
            self._go_on()
        self._await_turn()

    def remove(self, follower: Follower) -> None:
        """Forget a subscriber that has arrived, or has gone."""
        self._ready.pop(follower, None)
        if self._blocked.release(follower):
            self._go_on()

    def _await_turn(self) -> None:
        if self._ready and not self._turning and self._pause is None:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _go_on(self) -> None:
        """End the pause."""
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
            self._await_turn()

    def _turn(self) -> None:
        self._blocked.begin_turn()
        sent, end = 0, time.perf_counter() + TURN_S
        for _ in range(len(self._ready)):
            is_over = sent >= TURN_BYTES or time.perf_counter() >= end or self._blocked.is_full
            if is_over or not self._ready:
                break
            follower, _ = self._ready.popitem(last=False)
            sent += self._serve(follower)
            if follower.has_unread:
                self._blocked.add(follower)
        self._turning = False
        if self._ready and self._blocked.is_full:
            self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self._go_on)
        self._await_turn()

    def _serve(self, follower: Follower) -> int:
        try:
            return follower.send_next()
        except Exception:
            logger.exception("a subscriber cannot catch up; its connection is closed")
            follower.give_up()
            return 0

    # --- chunks
    def chunk(self, follower: Follower, view: View, begin: Place) -> Chunk | None:
        """Return the chunk from a place on; if None, the follower has a turn once there is one."""
        chunk = self._find(view, begin)
        if chunk is None and self._has_more(view, begin):
            self._wait(view, begin)[follower] = None
        elif chunk is None:  # the subscriber is ahead of this worker
            self._wait_for_more(follower)
        return chunk

    def expect(self, view: View, begin: Place) -> None:
        """Begin to make the chunk from a place on, where a subscriber is about to arrive."""
        if self._has_more(view, begin) and self._chunks.get(view, begin) is None:
            self._wait(view, begin)

    def _has_more(self, view: View, begin: Place) -> bool:
        """Return whether the worker knows of ticks after a place."""
        if isinstance(view, UnfinishedView):
            return self._rests.has_more(view, begin)
        return self._maker.has_more(begin)

    def _find(self, view: View, begin: Place) -> Chunk | None:
        """Return the chunk from a place on, if it is in memory or can be made of what is."""
        self._follow_table()
        found = self._chunks.get(view, begin)
        if found is not None:
            chunk: Chunk | None = self._extended(view, found)
        elif isinstance(view, UnfinishedView):
            chunk = self._rests.make_now(view, begin)
        else:
            chunk = self._maker.make_now(view, begin, self._chunks.next_place(view, begin))
        if chunk is None or chunk.end == begin:
            return None
        if chunk is not found:
            self._chunks.put(view, begin, chunk)
        return chunk

    def _extended(self, view: View, chunk: Chunk) -> Chunk:
        """Return a chunk with what has been published since it ended with the newest ticks."""
        if not chunk.newest or len(chunk.frames) >= CHUNK_BYTES:
            return chunk
        if not self._maker.has_more(chunk.end):
            return chunk
        more = self._maker.make_now(view, chunk.end)
        if more is None or more.gap is not None or more.end == chunk.end:
            return chunk
        return Chunk(
            chunk.frames + more.frames,
            more.end,
            newest=more.newest,
            merged=chunk.merged + more.merged,
        )

    def _follow_table(self) -> None:
        """Drop the chunks with the symbols of another table of instruments."""
        version = self._source.data.instruments.version
        if version != self._version:
            self._version = version
            self._chunks.clear()

    # --- chunks that are waited for
    def _wait(self, view: View, begin: Place) -> dict[Follower, None]:
        """Return the subscribers that wait for a chunk, which is made in its turn."""
        groups = self._waiting.setdefault(view, OrderedDict())
        if view not in self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks[view] = loop.create_task(self._make_all(view))
        return groups.setdefault(begin, {})

    async def _make_all(self, view: View) -> None:
        """Make the chunks of one view that are waited for, one after another."""
        groups = self._waiting[view]
        try:
            while groups:
                begin = next(iter(groups))
                await self._make(view, begin)
                for follower in groups.pop(begin):
                    self.add(follower)
        except Exception:
            logger.exception(
                "subscribers of %s cannot catch up; their connections are closed", view.topic
            )
            for group in groups.values():
                for follower in group:
                    follower.give_up()
        del self._waiting[view], self._tasks[view]

    async def _make(self, view: View, begin: Place) -> None:
        backoff = Backoff()
        while self._find(view, begin) is None and self._has_more(view, begin):
            try:
                async with self._reads:
                    if isinstance(view, UnfinishedView):
                        chunk = await self._rests.make(view, begin)
                    else:
                        until = self._chunks.next_place(view, begin)
                        chunk = await self._maker.make(view, begin, until)
            except RedisUnavailable:
                await backoff.pause()
                continue
            if chunk is not None:
                self._follow_table()
                self._chunks.put(view, begin, chunk)
                return
        await asyncio.sleep(0)

    def _wait_for_more(self, follower: Follower) -> None:
        self._ahead[follower] = None
        if self._move is None:
            self._move = asyncio.get_running_loop().create_task(self._follow_move())

    async def _follow_move(self) -> None:
        await self._source.moved()
        ahead, self._ahead, self._move = self._ahead, {}, None
        for follower in ahead:
            self.add(follower)


async def _first_after(history: TickHistory, position: int) -> int | None:
    entries, _ = await history.ticks_after(position, 1)
    return entries[0].first if entries else None
