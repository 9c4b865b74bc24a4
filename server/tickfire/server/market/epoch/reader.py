"""`StreamReader`: follows one stream of an epoch from the position at which `sync` left it.

Entries are published in the step of the event loop in which they arrive, with two exceptions. An
instrument that the table does not name yet makes them wait for the table; missing positions make
them wait until the stream has been loaded again. An entry across a bound of the table's mappings is
published in parts.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from tickfire.base.retry import retry
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.epoch.data import MarketData
from tickfire.server.market.epoch.sync import Loaded, reseed_stream, seed_stream
from tickfire.server.market.ticks.encode import Ticks
from tickfire.store.entries import BadEntry, Entry, TickEntry, position_of, split, ticks_of
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable, is_told
from tickfire.store.schema import Stream, bars_key, ticks_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

RECENT_ENTRIES: Final = 256
"""Entries kept in memory, so that a client slightly behind catches up without Redis."""

logger = logging.getLogger(__name__)


class StreamOwner(Protocol):
    """The market that streams belong to, as their readers see it."""

    data: MarketData

    def publish(
        self, stream: Stream, entry: TickEntry, ticks: Ticks, ts: int | None = None
    ) -> None:
        """Publish one entry, given its ticks with their slots.

        `ts` is a time in it, in ns, if it may be older than the table of instruments.
        """

    def flush(self, stream: Stream, newest: TickEntry | None, read_ns: int) -> None:
        """Write the published entries to the sockets; `newest` is the last of them, if any."""

    def bars_closed(self, entries: list[Entry]) -> None:
        """Take entries of closed bars."""

    def lost(self, stream: Stream, before: int, ticks: int) -> None:
        """Announce the loss of ticks after a position; the stream has been loaded again."""

    async def learn(self) -> None:
        """Read the table of instruments again."""

    def move(self, feed: int, ts: int) -> None:
        """Go on to a time (ns) of a feed, and to the symbols of that time."""

    def bad_entry(self, error: BadEntry) -> None:
        """Count an entry that cannot be decoded."""


class StreamReader:
    """Reader of one stream.

    Parameters
    ----------
    store : Store
    owner : StreamOwner
        Publishes the entries.
    stream : Stream
    still_current : callable
        Awaited when ticks are missing; returns whether Redis still holds the epoch.
    past : History, optional
        Reads what clients resume from; by default `history`.

    Attributes
    ----------
    history : History
        Reads the part of the stream that Redis still holds.
    past : History
        The same, with what the archive has before it.
    older : OlderBars
        Reads old bars, over a connection of its own: their pages are large.
    following : bool
        True while the stream is being read.
    skipped : int
        Position of the last entry that was skipped as not decodable.
    """

    def __init__(
        self,
        store: Store,
        owner: StreamOwner,
        stream: Stream,
        still_current: Callable[[], Awaitable[bool]],
        past: History | None = None,
    ) -> None:
        self._store = store
        self._owner = owner
        self._still_current = still_current
        self._recent: deque[TickEntry] = deque(maxlen=RECENT_ENTRIES)
        self._loaded = Loaded(0, b"0-0")
        self.stream = stream
        self.history = History(store, stream)
        self.past = self.history if past is None else past
        self.older = OlderBars(History(store, stream), owner.data.bar_indexes[stream], stream)
        self.following = False
        self.skipped = 0
        self._closed = False

    async def seed(self) -> int:
        """Load the stream from Redis; return the position of its last tick.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        self._loaded = await seed_stream(self._owner.data, self.history, self.stream)
        return self._loaded.position

    async def run(self) -> None:
        """Follow the stream until cancelled."""
        start = {
            ticks_key(self.stream): b"%d-0" % self._loaded.position,
            bars_key(self.stream): self._loaded.bars_id,
        }
        tail = Tail(
            self._store,
            start,
            self._on_entries,
            on_lost=lambda: self._set_following(False),
            on_live=lambda: self._set_following(True),
            before_reading=self._still_current,
        )
        try:
            await tail.run()
        finally:
            self.following = False
            self.close()

    def close(self) -> None:
        """Publish nothing more, and close the connections that read history."""
        self._closed = True
        self.history.close()
        self.past.close()
        self.older.close()

    def _set_following(self, on: bool) -> None:
        self.following = on

    def recent(self, position: int) -> list[TickEntry] | None:
        """Return all entries after a position, None if they are not all in memory."""
        recent = self._recent
        if not recent or recent[0].first > position + 1:
            return None
        return [entry.after(position) for entry in recent if entry.last > position]

    # --- entries
    def _on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> Awaitable[None] | None:
        if self._closed:
            return None
        if key == ticks_key(self.stream):
            return self._on_ticks(entries, read_ns)
        self._owner.data.bar_indexes[self.stream].add(entries)
        self._owner.bars_closed(entries)
        return None

    def _on_ticks(self, entries: list[Entry], read_ns: int) -> Awaitable[None] | None:
        """Publish entries; return an awaitable if one of them cannot be published yet."""
        owner, newest = self._owner, None
        for at, packed in enumerate(entries):
            try:
                whole = ticks_of(packed)
            except BadEntry as error:
                owner.bad_entry(error)
                self.skipped = _position_of(packed)
                continue
            entry, lost = split(whole, owner.data.positions[self.stream])
            if entry is None:
                continue
            ticks = owner.data.slots.of(entry)
            table = owner.data.instruments
            if lost or entry is not whole or not (table.complete and table.is_whole(entry)):
                owner.flush(self.stream, newest, read_ns)
                return self._prepare(entry, lost, entries[at + 1 :], read_ns)
            self._recent.append(entry)
            owner.publish(self.stream, entry, ticks)
            newest = entry
        owner.flush(self.stream, newest, read_ns)
        return None

    async def _prepare(self, entry: TickEntry, lost: int, rest: list[Entry], read_ns: int) -> None:
        """Meet the conditions under which an entry can be published, then publish it and the rest.

        Ingest never writes an entry across a position that it wrote before. So if positions are
        missing or begin within an entry, the epoch may have ended.
        """
        owner = self._owner
        if not await self._still_current():
            return  # nothing of an old epoch is published
        if lost:
            before = owner.data.positions[self.stream]
            self._recent.clear()
            await self._reseed(entry.first)
            owner.lost(self.stream, before, lost)
        if not owner.data.instruments.complete:
            await owner.learn()
        if self._closed:
            return
        self._recent.append(entry)
        for part, ts in owner.data.instruments.parts(entry):
            if ts is not None:
                owner.move(self.stream.feed, ts)
            owner.publish(self.stream, part, owner.data.slots.of(part), ts)
        owner.flush(self.stream, entry, read_ns)
        again = self._on_ticks(rest, read_ns)
        if again is not None:
            await again

    async def _reseed(self, oldest: int) -> None:
        await retry(
            lambda: reseed_stream(self._owner.data, self.history, self.stream, oldest),
            on=(RedisUnavailable,),
            what=f"loading stream {self.stream} again",
            logger=logger,
            is_told=is_told,
        )


def _position_of(entry: Entry) -> int:
    try:
        return position_of(entry[0])
    except BadEntry:
        return 0
