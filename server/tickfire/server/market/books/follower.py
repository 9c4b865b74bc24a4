"""`Books`: the present order books of all feeds, and their broadcasts."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import numpy as np

from tickfire.base.retry import Backoff, retry
from tickfire.phoenix import Hub
from tickfire.server.market.books.consolidate import book_as_json
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.epoch.tasks import run_for_epochs
from tickfire.server.market.ticks.source import Listing
from tickfire.store.entries import BadEntry, Entry, books_of
from tickfire.store.epoch import Epoch
from tickfire.store.requests import RedisUnavailable, Requests, newest_id
from tickfire.store.schema import Stream, books_key, present_books_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

logger = logging.getLogger(__name__)


def book_topic(symbol: str) -> str:
    """Return the topic of an instrument's order book."""
    return f"book:{symbol}"


class Books:
    """Follower of the order books of all feeds.

    Parameters
    ----------
    hub : Hub
    feeds : FeedFollower
    """

    def __init__(self, hub: Hub, feeds: FeedFollower) -> None:
        self._hub = hub
        self._feeds = feeds
        self._loaded: dict[Stream, asyncio.Event] = {}
        self._present: dict[tuple[int, int], dict[int, np.void]] = {}
        """BOOKs by publisher, of each (feed, instrument_id)."""

    async def loaded(self, listing: Listing) -> None:
        """Wait until the present books of the stream of an instrument have been read."""
        await self._loaded.setdefault(listing.stream, asyncio.Event()).wait()

    def present(self, listing: Listing) -> dict[str, Any] | None:
        """Return the present book of an instrument as clients see it, None if it has none."""
        about = listing.instrument
        books = self._present.get((about.feed, about.instrument_id))
        return book_as_json(listing.symbol, list(books.values())) if books else None

    async def run(self, store: Store) -> None:
        """Follow the order books until cancelled."""
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
        key = books_key(stream)
        last = await newest_id(store, key)
        for data in (await _read_present(store, stream)).values():
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
        """Put books in the places of their predecessors; return the ids of their instruments."""
        try:
            books = books_of(data)
        except BadEntry as error:
            logger.warning("skipping order books of feed %d: %s", stream.feed, error)
            return set()
        for book in books:
            key = stream.feed, int(book["instrument_id"])
            self._present.setdefault(key, {})[int(book["publisher_id"])] = book
        return set(books["instrument_id"].tolist())

    def _publish(self, live: LiveMarket, feed: int, number: int) -> None:
        slot = live.data.states.find(feed, number)
        if slot is None or slot >= len(live.data.instruments.listings):
            return
        listing = live.data.instruments.listings[slot]
        for topic in map(book_topic, live.data.instruments.names(slot)):
            if self._hub.lanes(topic):
                self._hub.local_broadcast(topic, "book", self.present(listing))


async def _read_present(store: Store, stream: Stream) -> dict[bytes, bytes]:
    requests = Requests(store, present_books_key(stream))
    try:
        return await retry(
            lambda: requests.hash(present_books_key(stream)),
            on=(RedisUnavailable,),
            what="reading the present order books",
            logger=logger,
            backoff=Backoff(),
        )
    finally:
        requests.close()
