"""Order books that ingest writes: the newest state of each, and no more often than allowed."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from tests.support.dbn import START
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tests.support.orders import orders
from tests.support.publisher import FEED
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.store.by_publisher import BOOKS, records_of
from tickfire.store.schema import BOOK, Stream, books_key, present_books_key, publisher_field
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)
STREAM = Stream(FEED, 0)


async def present(client: Any) -> dict[bytes, Any]:
    held = await client.hgetall(present_books_key(STREAM))
    return {field: np.frombuffer(data, BOOK)[0] for field, data in held.items()}


async def until_bids(client: Any, count: int) -> None:
    async def has_them() -> bool:
        book = (await present(client)).get(publisher_field(7, 1))
        return book is not None and int((book["bid_count"] > 0).sum()) == count

    await eventually(has_them, f"a book with {count} bids")


async def test_the_newest_book_is_in_the_stream_and_in_the_hash(client: Any, store: Store) -> None:
    async with sending(META, orders(b"A", 6).tobytes()) as feed:
        async with ingesting(feed, store) as ingest:
            await until_bids(client, 3)
            feed.send(orders(b"C", 2).tobytes())
            await until_bids(client, 2)
            await until_records(ingest, 8)
    entries = [
        records_of(BOOKS, fields[b"d"]) for _, fields in await client.xrange(books_key(STREAM))
    ]
    assert entries[-1].tobytes() == (await present(client))[publisher_field(7, 1)].tobytes()
    assert entries[-1]["ask_price"][0, :3].tolist() == [4 * 10**9, 6 * 10**9, 2**63 - 1]


async def test_a_book_is_written_at_most_so_many_times_a_second(client: Any, store: Store) -> None:
    """All of 2,000 changes are in one session, but a second has one write."""
    both = orders(b"C", 1).tobytes() + orders(b"A", 1).tobytes()
    began = time.monotonic()
    async with sending(META, orders(b"A", 6).tobytes() + both * 1000) as feed:
        async with ingesting(feed, store, book_hz=1.0) as ingest:
            await until_records(ingest, 2006)
            feed.send(orders(b"C", 1).tobytes())
            await until_bids(client, 2)
    assert await client.xlen(books_key(STREAM)) <= 1 + math.ceil(time.monotonic() - began)


async def test_an_event_that_never_ends_is_written_once_the_feed_is_quiet(
    client: Any, store: Store
) -> None:
    added = orders(b"A", 6)
    added["flags"] = 0
    async with sending(META, added.tobytes()) as feed, ingesting(feed, store):
        await until_bids(client, 3)
