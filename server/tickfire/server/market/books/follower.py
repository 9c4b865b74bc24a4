"""`Books`: the present order books of all feeds, and their broadcasts."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import numpy as np

from tickfire.base.retry import Backoff, retry
from tickfire.phoenix import Hub
from tickfire.server.market.books.consolidate import book_as_json
from tickfire.server.market.epoch.follower import EpochFollower
from tickfire.server.market.epoch.live import LiveEpoch
from tickfire.server.market.ticks.source import Listing
from tickfire.store.entries import BadEntry, Entry, books_of
from tickfire.store.requests import RedisUnavailable, Requests, newest_id
from tickfire.store.schema import Stream, books_key, present_books_key
from tickfire.store.store import Store
from tickfire.store.tail import Tail

STREAMS_CHECK_S: Final = 0.5
"""Time between two looks for streams that are new, in seconds."""

logger = logging.getLogger(__name__)


def book_topic(symbol: str) -> str:
    """Return the topic of an instrument's order book."""
    return f"book:{symbol}"


class Books:
    """Follower of the order books of the feeds that an epoch's instruments belong to.

    Parameters
    ----------
    hub : Hub
    epochs : EpochFollower
    """

    def __init__(self, hub: Hub, epochs: EpochFollower) -> None:
        self._hub = hub
        self._epochs = epochs
        self._loaded: dict[Stream, asyncio.Event] = {}
        self._present: dict[tuple[int, int], dict[int, np.void]] = {}
        """BOOKs by publisher, of each (feed, instrument_id)."""

    async def loaded(self, listing: Listing) -> None:
        """Wait until the present books of the stream of an instrument have been read."""
        await self._loaded.setdefault(stream_of(listing), asyncio.Event()).wait()

    def present(self, listing: Listing) -> dict[str, Any] | None:
        """Return the present book of an instrument as clients see it, None if it has none."""
        about = listing.instrument
        books = self._present.get((about.feed, about.instrument_id))
        return book_as_json(listing.symbol, list(books.values())) if books else None

    async def run(self, store: Store) -> None:
        """Follow the epochs until cancelled."""
        while True:
            live = await self._epochs.wait_live()
            self._present.clear()
            tasks: dict[Stream, asyncio.Task[None]] = {}
            try:
                while self._epochs.live is live:
                    for stream in {stream_of(row) for row in live.data.instruments.listings}:
                        if stream not in tasks:
                            tasks[stream] = asyncio.create_task(self._follow(store, live, stream))
                    await asyncio.sleep(STREAMS_CHECK_S)
            finally:
                for task in tasks.values():
                    task.cancel()
                await asyncio.gather(*tasks.values(), return_exceptions=True)
                self._loaded.clear()

    async def _follow(self, store: Store, live: LiveEpoch, stream: Stream) -> None:
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

    def _publish(self, live: LiveEpoch, feed: int, number: int) -> None:
        slot = live.data.states.find(feed, number)
        if slot is None or slot >= len(live.data.instruments.listings):
            return
        listing = live.data.instruments.listings[slot]
        topic = book_topic(listing.symbol)
        if self._hub.lanes(topic):
            self._hub.local_broadcast(topic, "book", self.present(listing))


def stream_of(listing: Listing) -> Stream:
    """Return the stream that the books of an instrument are in."""
    return Stream(listing.instrument.feed, listing.shard)


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
