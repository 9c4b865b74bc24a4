"""Reports that ingest writes: in order, each once, and the present ones for those who join."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dbn import START, rows, trades
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tickfire.ingest.dbn.layout import RTYPE_IMBALANCE, RTYPE_STATISTICS, RTYPE_STATUS
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.reports import ReportWriter
from tickfire.store.lease import LeaseLost
from tickfire.store.reports import (
    EPOCH_FIELD,
    FENCE_FIELD,
    Report,
    Statistic,
    TradingStatus,
    decode_report,
    halts_key,
    imbalance_key,
    present_key,
    stats_key,
)
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)


def statistic(second: int, stat_type: int, price: int, instrument_id: int = 1) -> bytes:
    at = START + second * 10**9
    return rows(
        RTYPE_STATISTICS, 1, instrument_id=instrument_id, ts_event=at, ts_recv=at,
        stat_type=stat_type, price=price, quantity=2**63 - 1, update_action=1,
    ).tobytes()  # fmt: skip


def status(second: int, action: int) -> bytes:
    at = START + second * 10**9
    return rows(
        RTYPE_STATUS, 1, instrument_id=1, ts_event=at, ts_recv=at, action=action, reason=30
    ).tobytes()


async def stored(client: Any, key: bytes) -> list[Report | None]:
    return [decode_report(fields[b"d"]) for _, fields in await client.xrange(key)]


async def present(client: Any) -> list[Report | None]:
    held = await client.hgetall(present_key(1))
    assert len(held.pop(EPOCH_FIELD)) == 8
    assert int(held.pop(FENCE_FIELD)) > 0
    return [decode_report(data) for data in held.values()]


async def test_reports_are_written_in_order_with_the_position_of_the_ticks(
    client: Any, store: Store
) -> None:
    imbalance = rows(RTYPE_IMBALANCE, 1, instrument_id=1, ts_recv=START, paired_qty=5)
    data = (
        statistic(0, 3, 100) + trades(4).tobytes() + statistic(1, 3, 110) + status(1, 8)
        + trades(2, start=START + 10**9).tobytes() + status(2, 7) + imbalance.tobytes()
    )  # fmt: skip
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 11)
    statistics = await stored(client, stats_key(1))
    assert [(s.price, s.n) for s in statistics if isinstance(s, Statistic)] == [(100, 0), (110, 4)]
    halts = await stored(client, halts_key(1))
    assert [(h.status, h.reason, h.n) for h in halts if isinstance(h, TradingStatus)] == [
        ("halt", "news_pending", 4),
        ("trading", "news_pending", 6),
    ]
    assert len(await stored(client, imbalance_key(1))) == 1
    newest = [statistics[-1], halts[-1], *await stored(client, imbalance_key(1))]
    assert sorted(map(repr, await present(client))) == sorted(map(repr, newest))


async def test_a_restarted_ingest_goes_on_after_the_reports_in_redis(
    client: Any, store: Store
) -> None:
    for price in (100, 200):
        data = trades(1).tobytes() + statistic(0, 3, price)
        async with sending(META, data) as feed, ingesting(feed, store) as ingest:
            await until_records(ingest, 2)
    statistics = await stored(client, stats_key(1))
    assert [s.price for s in statistics if isinstance(s, Statistic)] == [100, 200]


async def test_a_new_epoch_keeps_the_present_reports_alone(client: Any, store: Store) -> None:
    data = trades(1).tobytes() + statistic(0, 3, 100) + statistic(1, 3, 200)
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 3)
        before = (await client.hgetall(present_key(1)))[EPOCH_FIELD]
        await client.flushall()
        ingest.pipes[0].reset()
        await eventually(lambda: ingest.writer.epoch != before, "a new epoch")
        feed.send(statistic(2, 9, 300))
        await until_records(ingest, 4)
    kept = {r.name: r.price for r in await present(client) if isinstance(r, Statistic)}
    assert kept == {"settlement_price": 200, "open_interest": 300}
    assert len(await stored(client, stats_key(1))) == 1


async def test_a_writer_that_another_has_replaced_writes_no_reports(
    client: Any, store: Store
) -> None:
    data = trades(1).tobytes() + statistic(0, 3, 100)
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 2)
        fence = ingest.writer.fence
    await client.hset(present_key(1), FENCE_FIELD, fence + 1)
    states = InstrumentStates(1, 1)
    old = ReportWriter(store, states, 1, lambda: b"12345678", lambda: fence, lambda: None)
    old.take(statistic(1, 3, 200))
    with pytest.raises(LeaseLost):
        await old.run()
    assert len(await stored(client, stats_key(1))) == 1


async def test_reports_that_wait_are_written_at_a_clean_stop(client: Any, store: Store) -> None:
    data = trades(1).tobytes() + statistic(0, 3, 100)
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 2)
        ingest.reports.take(statistic(1, 3, 200))
    assert len(await stored(client, stats_key(1))) == 2
