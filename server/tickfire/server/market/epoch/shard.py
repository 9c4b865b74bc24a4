"""`ShardReader`: follows one shard of an epoch from the position at which `sync` left it.

Entries are published in the step of the event loop in which they arrive, with two exceptions. An
instrument that the table does not name yet makes them wait for the table; missing positions make
them wait until the shard has been loaded again. An entry across a bound of the table's mappings is
published in parts.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Iterator
from typing import Final, Protocol

from tickfire.base.retry import retry
from tickfire.server.market.candles.older import OlderBars
from tickfire.server.market.epoch.data import EpochData
from tickfire.server.market.epoch.sync import reseed_shard, seed_shard
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.entries import BadEntry, Entry, TickEntry, split, ticks_of
from tickfire.store.history import History
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import Rows, Stream, bars_key, ticks_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

RECENT_ENTRIES: Final = 256
"""Entries kept in memory, so that a client slightly behind catches up without Redis."""

logger = logging.getLogger(__name__)


class ShardOwner(Protocol):
    """The epoch that a shard belongs to, as its reader sees it."""

    data: EpochData

    def publish(self, shard: int, entry: TickEntry, ticks: Ticks) -> None:
        """Publish one entry, given its ticks with their slots."""

    def flush(self, shard: int, newest: TickEntry | None, read_ns: int) -> None:
        """Write the published entries to the sockets; `newest` is the last of them, if any."""

    def bars_closed(self, entries: list[Entry]) -> None:
        """Take entries of closed bars."""

    def lost(self, shard: int, before: WireId, ticks: int) -> None:
        """Announce the loss of ticks after `before`; the shard has been loaded again."""

    async def still_current(self) -> bool:
        """Return whether Redis still holds this epoch."""

    async def learn(self) -> None:
        """Read the table of instruments again."""

    def renamed(self) -> None:
        """Take note that the symbols of instruments have changed."""

    def bad_entry(self, error: BadEntry) -> None:
        """Count an entry that cannot be decoded."""


class ShardReader:
    """Reader of one shard.

    Parameters
    ----------
    store : Store
    owner : ShardOwner
        Publishes the entries.
    shard : int

    Attributes
    ----------
    history : History
        Reads the part of the stream that Redis still holds.
    older : OlderBars
        Reads old bars, over a connection of its own: their pages are large.
    following : bool
        Whether the streams are being read.
    """

    def __init__(self, store: Store, owner: ShardOwner, shard: int) -> None:
        self._store = store
        self._owner = owner
        self._shard = shard
        self._recent: deque[TickEntry] = deque(maxlen=RECENT_ENTRIES)
        self._bars_id = b"0-0"
        stream = Stream(owner.data.feed, shard)
        self._stream = stream
        self.history = History(store, stream)
        self.older = OlderBars(History(store, stream), owner.data.bar_indexes[shard], stream)
        self.following = False

    async def seed(self) -> None:
        """Load the shard from Redis.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        self._bars_id = await seed_shard(self._owner.data, self.history, self._shard)

    async def run(self) -> None:
        """Follow the streams until cancelled."""
        position = self._owner.data.positions[self._shard]
        start = {ticks_key(self._stream): b"%d-0" % position, bars_key(self._stream): self._bars_id}
        tail = Tail(
            self._store,
            start,
            self._on_entries,
            on_lost=lambda: self._set_following(False),
            on_live=lambda: self._set_following(True),
            before_reading=self._owner.still_current,
        )
        try:
            await tail.run()
        finally:
            self.following = False
            self.close()

    def close(self) -> None:
        """Close the connections that read history."""
        self.history.close()
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
        if key == ticks_key(self._stream):
            return self._on_ticks(entries, read_ns)
        self._owner.data.bar_indexes[self._shard].add(entries)
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
                continue
            entry, lost = split(whole, owner.data.positions[self._shard])
            if entry is None:
                continue
            ticks = owner.data.slots.of(entry)
            table = owner.data.instruments
            if lost or entry is not whole or not (table.complete and table.is_current(entry)):
                owner.flush(self._shard, newest, read_ns)
                return self._prepare(entry, lost, entries[at + 1 :], read_ns)
            self._recent.append(entry)
            owner.publish(self._shard, entry, ticks)
            newest = entry
        owner.flush(self._shard, newest, read_ns)
        return None

    async def _prepare(self, entry: TickEntry, lost: int, rest: list[Entry], read_ns: int) -> None:
        """Meet the conditions under which an entry can be published, then publish it and the rest.

        Ingest never writes an entry across a position that it wrote before. So if positions are
        missing or begin within an entry, the epoch may have ended.
        """
        owner = self._owner
        if not await owner.still_current():
            return  # nothing of an old epoch is published
        if lost:
            before = owner.data.newest_id()
            self._recent.clear()
            await self._reseed(entry.first)
            owner.lost(self._shard, before, lost)
        if not owner.data.instruments.complete:
            await owner.learn()
        self._recent.append(entry)
        version = owner.data.instruments.version
        for part in owner.data.instruments.parts(entry):
            if owner.data.instruments.version != version:
                owner.renamed()
                version = owner.data.instruments.version
            owner.publish(self._shard, part, owner.data.slots.of(part))
        owner.flush(self._shard, entry, read_ns)
        again = self._on_ticks(rest, read_ns)
        if again is not None:
            await again

    async def _reseed(self, oldest: int) -> None:
        await retry(
            lambda: reseed_shard(self._owner.data, self.history, self._shard, oldest),
            on=(RedisUnavailable,),
            what=f"loading shard {self._shard} again",
            logger=logger,
        )


def closed_pieces(pieces: Rows) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield (feed, instrument_id, interval_s, start, position, trades) of each of BAR[]."""
    names = ("feed", "instrument_id", "interval_s", "start", "n", "trades")
    yield from zip(*(pieces[name].tolist() for name in names), strict=True)
