"""Tops of publishers that ingest writes, and restores after a restart."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.dbn import START, rows
from tests.support.ingest import ingesting, sending, until_records
from tests.support.publisher import FEED
from tickfire.ingest.dbn.layout import RTYPE_MBP_1
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.store.by_publisher import TOPS, records_of
from tickfire.store.schema import Stream, present_tops_key, publisher_field, tops_key
from tickfire.store.store import Store

META = Metadata("TEST.DATA", "mbp-1", START)
STREAM = Stream(FEED, 0)
PRICE = 10**9


def quotes(publishers: list[int], bids: list[int], start: int = START) -> bytes:
    """Return quotes of instrument 7, whose asks are 200."""
    made = rows(RTYPE_MBP_1, len(bids), publisher_id=publishers, instrument_id=7, action=ord("A"))
    made["ts_event"] = made["ts_recv"] = start + np.arange(len(bids))
    made["bid_px_00"], made["ask_px_00"] = np.array(bids) * PRICE, 200 * PRICE
    made["bid_sz_00"] = made["ask_sz_00"] = 5
    return made.tobytes()


async def test_tops_are_in_the_stream_and_in_the_hash_and_outlive_a_restart(
    client: Any, store: Store
) -> None:
    async with (
        sending(META, quotes([2, 3], [99, 98])) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, 2)
    entries = await client.xrange(tops_key(STREAM))
    written = np.concatenate([records_of(TOPS, fields[b"d"]) for _, fields in entries])
    assert written["publisher_id"].tolist() == [2, 3]
    held = await client.hgetall(present_tops_key(STREAM))
    assert held.keys() == {publisher_field(7, 2), publisher_field(7, 3)}

    later = quotes([2, 3], [99, 98]) + quotes([2], [97], START + 1000)
    async with sending(META, later) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 3)
        row = ingest.states.row(FEED, 7)
        assert row is not None
        assert (int(row["bid_price"]), int(row["bid_size"])) == (98 * PRICE, 5)
        assert (int(row["ask_price"]), int(row["ask_size"])) == (200 * PRICE, 10)
