"""`PresentRecords`: the present order books or tops of book of all feeds, and their broadcasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tickfire.phoenix import Hub
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.epoch.tasks import run_for_epochs
from tickfire.server.market.ticks.source import Listing
from tickfire.store.by_publisher import Kind, records_of
from tickfire.store.entries import BadEntry, Entry
from tickfire.store.epoch import Epoch
from tickfire.store.requests import fields_of, newest_id
from tickfire.store.schema import Stream
from tickfire.store.store import Store
from tickfire.store.tail import Tail

logger = logging.getLogger(__name__)


class View(NamedTuple):
    """A kind of record as clients see it.

    Attributes
    ----------
    kind : Kind
    prefix : str
        Of its topics, before the symbol.
    event : str
        The name of its event, and of its field in the join reply.
    as_json : callable
        Returns the payload for a symbol and the present record of each of its publishers.
    """

    kind: Kind
    prefix: str
    event: str
    as_json: Callable[[str, Sequence[np.void]], dict[str, Any]]


class PresentRecords:
    """Follower of a kind of record of all feeds.

    Parameters
    ----------
    hub : Hub
    feeds : FeedFollower
    view : View
    """

    def __init__(self, hub: Hub, feeds: FeedFollower, view: View) -> None:
        self.view = view
        self._hub = hub
        self._feeds = feeds
        self._loaded: dict[Stream, asyncio.Event] = {}
        self._present: dict[tuple[int, int], dict[int, np.void]] = {}
        """Records by publisher, of each (feed, instrument_id)."""

    async def loaded(self, listing: Listing) -> None:
        """Wait until the present records of the stream of an instrument have been read."""
        await self._loaded.setdefault(listing.stream, asyncio.Event()).wait()

    def present(self, listing: Listing) -> dict[str, Any] | None:
        """Return the present records of an instrument as clients see them, None without any."""
        about = listing.instrument
        records = self._present.get((about.feed, about.instrument_id))
        return self.view.as_json(listing.symbol, list(records.values())) if records else None

    async def run(self, store: Store) -> None:
        """Follow the records until cancelled."""
        live = await self._feeds.wait_live()

        async def follow(epoch: Epoch) -> None:
            async with asyncio.TaskGroup() as tasks:
                for stream in epoch.streams():
                    tasks.create_task(self._follow(store, live, stream))

        await run_for_epochs(live, follow, self._forget)

    def _forget(self, feed: int) -> None:
        for stream in [stream for stream in self._loaded if stream.feed == feed]:
            del self._loaded[stream]
        for key in [key for key in self._present if key[0] == feed]:
            del self._present[key]

    async def _follow(self, store: Store, live: LiveMarket, stream: Stream) -> None:
        key = self.view.kind.key(stream)
        last = await newest_id(store, key)
        for data in (await fields_of(store, self.view.kind.present_key(stream))).values():
            self._take(stream, data)
        self._loaded.setdefault(stream, asyncio.Event()).set()

        def on_entries(key: bytes, entries: list[Entry], read_ns: int) -> None:
            changed: set[int] = set()
            for _, fields in entries:
                changed |= self._take(stream, fields.get(b"d", b""))
            for number in changed:
                self._publish(live, stream.feed, number)

        await Tail(store, {key: last}, on_entries).run()

    def _take(self, stream: Stream, data: bytes) -> set[int]:
        """Put records in the places of their predecessors; return the ids of their instruments."""
        kind = self.view.kind
        try:
            records = records_of(kind, data)
        except BadEntry as error:
            logger.warning("skipping %s of feed %d: %s", kind.name, stream.feed, error)
            return set()
        for record in records:
            key = stream.feed, int(record["instrument_id"])
            self._present.setdefault(key, {})[int(record["publisher_id"])] = record
        return set(records["instrument_id"].tolist())

    def _publish(self, live: LiveMarket, feed: int, number: int) -> None:
        listing = live.data.instruments.of(feed, number)
        if listing is None:
            return
        for name in live.data.instruments.names(listing.slot):
            topic = self.view.prefix + name
            if self._hub.lanes(topic):
                self._hub.local_broadcast(topic, self.view.event, self.present(listing))
