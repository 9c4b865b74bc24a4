"""Schemas that ingest asks a live gateway for, and refusals of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.dbn import START, trades
from tests.support.eventually import eventually
from tests.support.ingest import SentFeed, ingesting, sending, until_records
from tests.support.orders import orders
from tests.support.publisher import FEED
from tickfire.ingest.dbn.layout import FLAG_LAST, FLAG_SNAPSHOT
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.store.by_publisher import BOOKS, records_of
from tickfire.store.schema import BOOK_UNSYNCED, Stream, present_books_key, publisher_field
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)
HOUR = 3_600 * 10**9


def schemas(feed: SentFeed, session: int) -> list[str]:
    return [request["schema"] for request in feed.requests[session] if "schema" in request]


def snapshot(count: int) -> bytes:
    """Return the orders that rest, after a clear, as a gateway sends them: of times long past."""
    adds = orders(b"A", count)
    clear = orders(b"R", 1)
    clear["order_id"], clear["side"], clear["size"] = 0, ord("N"), 0
    records = np.concatenate([clear, adds])
    records["flags"] = FLAG_SNAPSHOT
    records["flags"][-1] |= FLAG_LAST
    records["ts_event"] -= HOUR * np.arange(len(records), 0, -1, dtype=np.uint64)
    return records.tobytes()


async def test_an_order_book_begun_in_the_middle_of_a_day_begins_with_a_snapshot(
    client: Any, store: Store
) -> None:
    cancel = orders(b"C", 1)
    cancel["ts_event"] = cancel["ts_recv"] = START + 10**9
    later = [orders(b"A", 8)[6:7], orders(b"A", 8)[7:8]]
    for at, added in enumerate(later, 2):
        added["ts_event"] = added["ts_recv"] = START + at * 10**9
    sessions = cancel.tobytes() + later[0].tobytes(), later[1].tobytes()
    async with (
        sending(META, *sessions, snapshot=snapshot(6)) as feed,
        ingesting(feed, store, schemas=("mbo", "definition")) as ingest,
    ):
        await until_records(ingest, 7 + 2 + 1)

        async def is_whole() -> bool:
            held = await client.hget(present_books_key(Stream(FEED, 0)), publisher_field(7, 1))
            if held is None:
                return False
            (book,) = records_of(BOOKS, held)
            sides = [int((book[f"{side}_count"] > 0).sum()) for side in ("bid", "ask")]
            return sides == [3, 4] and not book["flags"] & BOOK_UNSYNCED

        await eventually(is_whole, "the book with all orders that rest")
        assert ingest.states.books.is_synced(7, 1)
    first, second = ({each.get("schema"): each for each in asked} for asked in feed.requests[:2])
    assert (first["mbo"]["snapshot"], "start" in first["mbo"]) == ("1", False)
    assert (first["definition"]["snapshot"], "start" in first["definition"]) == ("0", True)
    # A session that goes on has every order since the last one, and so needs no snapshot.
    assert (second["mbo"]["snapshot"], "start" in second["mbo"]) == ("0", True)


@pytest.mark.parametrize("ends", [True, False])
async def test_a_refused_schema_is_named_once_and_the_others_go_on(
    store: Store, caplog: pytest.LogCaptureFixture, ends: bool
) -> None:
    asked = ("mbp-1", "definition", "statistics")
    sent = trades(20).tobytes()
    async with (
        sending(META, sent, refused="statistics", ends=ends) as feed,
        ingesting(feed, store, schemas=asked) as ingest,
    ):
        await until_records(ingest, 20 + 1)
    assert schemas(feed, 0) == list(asked)
    assert schemas(feed, -1) == (["mbp-1", "definition"] if ends else list(asked))
    (told,) = [line for line in caplog.messages if "refuses" in line]
    assert told == (
        "the gateway refuses the schema statistics (Schema statistics is not available for"
        " TEST.DATA); ingest goes on without"
    )


async def test_schemas_of_the_same_trades_are_told_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    sent = trades(5).tobytes(), trades(5, start=START + HOUR).tobytes()
    async with (
        sending(META, *sent) as feed,
        ingesting(feed, store, schemas=("trades", "mbp-1")) as ingest,
    ):
        await until_records(ingest, 10)
    assert schemas(feed, 1) == ["trades", "mbp-1"]
    (told,) = [line for line in caplog.messages if "the same trades" in line]
    assert told.startswith("TEST.DATA: trades and mbp-1 have the same trades, which count twice")
