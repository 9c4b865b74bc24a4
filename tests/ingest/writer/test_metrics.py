"""Metrics and announcements of a feed that runs, against a real Valkey."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tests.support.dbn import START, rows, trades
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tickfire.ingest.dbn.control import SystemMsg, encode_control
from tickfire.ingest.dbn.layout import (
    ACTION_TRADE,
    FLAG_MAYBE_BAD_BOOK,
    RTYPE_MBO,
    SYSTEM_SLOW_READER,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.intake_context import DENSE_CHANNEL
from tickfire.ingest.writer.metrics import IngestMetrics
from tickfire.store.schema import STATUS_KEY, Status
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)


async def statuses(client: Any) -> list[Status]:
    entries = await client.xrange(STATUS_KEY)
    return [msgspec.msgpack.decode(fields[b"d"], type=Status) for _, fields in entries]


async def test_the_figures_of_a_feed_are_metrics(client: Any, store: Store) -> None:
    slow = encode_control(SystemMsg("Slow reader", SYSTEM_SLOW_READER, START))
    metrics = IngestMetrics()
    value = metrics.registry.get_sample_value
    metrics.feeds[1] = None
    assert value("tickfire_ingest_writer", {"feed": "1"}) == 0
    async with sending(META, trades(10).tobytes() + slow) as feed, ingesting(feed, store) as ingest:
        metrics.feeds[1] = ingest.figures
        await until_records(ingest, 11)

        def is_up() -> bool:  # and the snapshot that is written then is acknowledged
            return ingest.sessions.feed.state == "up" and not ingest.pipes[0].unacknowledged

        await eventually(is_up, "the feed is up")
        prefix, own = "tickfire_ingest_", {"feed": "1"}
        assert value(prefix + "records_total", {**own, "type": "trades"}) == 10
        assert value(prefix + "records_total", {**own, "type": "system message"}) == 1
        slow_reader = {"kind": "system", "code": "slow_reader"}
        assert value(prefix + "gateway_messages_total", {**own, **slow_reader}) == 1
        assert value(prefix + "gaps_total", {**own, "reason": "sequence"}) == 0
        assert value(prefix + "sessions_total", own) == value(prefix + "writer", own) == 1
        assert value(prefix + "ticks_total", own) == 10
        assert value(prefix + "waiting_batches", own) == 0
        assert value(prefix + "feed_state", {**own, "state": "up"}) == 1
        for name in ("received_bytes_total", "batches_total", "feed_lag_seconds"):
            assert (value(prefix + name, own) or 0) > 0, name
        assert ingest.figures.beat()["slow_reader_warnings"] == 1

        async def told() -> bool:
            kinds = {status.kind for status in await statuses(client)}
            return {"session", "feed_up", "slow_reader"} <= kinds

        await eventually(told, "the status of the feed")


async def test_a_hole_of_a_dense_channel_is_seen_over_a_restart(client: Any, store: Store) -> None:
    records = rows(
        RTYPE_MBO, 4, ts_event=START + np.arange(4), ts_recv=START + np.arange(4), instrument_id=1,
        price=10**9, size=1, action=ACTION_TRADE, channel_id=7, publisher_id=2,
        sequence=[1, 2, 5, 6],
    )  # fmt: skip
    for part, missing in ((records[:2], 0), (records[2:], 2)):
        async with (
            sending(META, part.tobytes()) as feed,
            ingesting(feed, store, dense=DENSE_CHANNEL) as ingest,
        ):
            await until_records(ingest, 2)
            await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
            assert ingest.figures.missing == missing


async def test_holes_of_a_dense_channel_and_flags_of_the_venue_are_gaps(
    client: Any, store: Store
) -> None:
    records = rows(
        RTYPE_MBO, 4, ts_event=START + np.arange(4), ts_recv=START + np.arange(4), instrument_id=1,
        price=10**9, size=1, action=ACTION_TRADE, channel_id=7, publisher_id=2,
        sequence=[1, 2, 6, 7], flags=[0, 0, 0, FLAG_MAYBE_BAD_BOOK],
    )  # fmt: skip
    async with (
        sending(META, records.tobytes()) as feed,
        ingesting(feed, store, dense=DENSE_CHANNEL) as ingest,
    ):
        await until_records(ingest, 4)

        async def told() -> bool:
            return sum(status.kind == "gap" for status in await statuses(client)) == 2

        await eventually(told, "both gaps")
        assert ingest.figures.missing == 3 and ingest.figures.flagged == 1
    gaps = [status.detail for status in await statuses(client) if status.kind == "gap"]
    assert gaps[0].startswith("sequence numbers 3 to 5 of publisher 2, channel 7, are missing")
    assert "flags 1 record" in gaps[1]
