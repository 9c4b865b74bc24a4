"""Order books, for clients that join and clients that are there."""

from __future__ import annotations

import numpy as np

from tests.support.publisher import DAY, FEED, SECOND, STREAM, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.units import UNDEF_PRICE
from tickfire.store.by_publisher import BOOKS, writes_of
from tickfire.store.schema import BOOK, BOOK_CROSSED, BOOK_UNSYNCED, Rows


def book(levels: int, *, instrument: int = 1, publisher: int = 1, flags: int = 0) -> Rows:
    """Return BOOK[1] with bids below 100 and asks above it, each of 7 times its place."""
    made = np.zeros(1, BOOK)
    made["instrument_id"], made["publisher_id"], made["feed"] = instrument, publisher, FEED
    made["ts_event"], made["flags"] = DAY, flags
    for side, sign in (("bid", -1), ("ask", 1)):
        made[f"{side}_price"] = UNDEF_PRICE
        for i in range(levels):
            made[f"{side}_price"][0, i] = (100 + sign * (i + 1)) * SECOND
            made[f"{side}_size"][0, i], made[f"{side}_count"][0, i] = 7 * (i + 1), i + 1
    return made


def write(publisher: Publisher, *books: Rows) -> None:
    """Write books as ingest does."""
    for each in writes_of(BOOKS, STREAM, np.concatenate(books)):
        publisher.client.execute_command(*each.command(0))


async def test_a_join_has_the_present_book_and_changes_follow(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(3))
    write(publisher, book(1), book(2))
    server = await serve(valkey.url)
    joined = await (await server.client()).join("book:AAA")
    assert joined.response == {
        "symbol": "AAA",
        "book": {
            "symbol": "AAA",
            "bids": [["99", 7, 1], ["98", 14, 2]],
            "asks": [["101", 7, 1], ["102", 14, 2]],
            "publishers": [1],
            "unsynced": False,
            "crossed": False,
            "timestamp": DAY // 1_000_000,
            "ts_event": str(DAY),
        },
    }
    write(publisher, book(3, flags=BOOK_UNSYNCED | BOOK_CROSSED))
    (changed,) = await joined.count("book", 1)
    assert [len(changed[side]) for side in ("bids", "asks")] == [3, 3]
    assert changed["unsynced"] and changed["crossed"]
    late = await (await server.client()).join("book:AAA")
    assert late.response["book"] == changed


async def test_the_books_of_several_publishers_are_added_up(
    server: Server, publisher: Publisher
) -> None:
    joined = await (await server.client()).join("book:AAA")
    assert joined.response == {"symbol": "AAA", "book": None}
    write(publisher, book(10, publisher=2), book(1, publisher=1))
    changed = (await joined.count("book", 1))[-1]
    assert changed["publishers"] == [1, 2]
    assert changed["bids"][:2] == [["99", 14, 2], ["98", 14, 2]]
    assert len(changed["asks"]) == 10


async def test_an_unknown_symbol_is_refused(server: Server) -> None:
    assert (await (await server.client()).join("book:NOPE")).response == {
        "reason": "unknown symbol"
    }
