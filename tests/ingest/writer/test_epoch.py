"""Epochs that ingest goes on with, and new ones: one id never means two ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.dbn import START, trades
from tests.support.ingest import KEY, ingesting, sending, until_records
from tests.support.publisher import FEED, STREAM
from tests.support.replica import Pair, primary_and_replica
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.store import lease as lease_module
from tickfire.store.epoch import SHARDS, Ended, NewerLayout, ended_of
from tickfire.store.head import decode_head
from tickfire.store.lease import Lease, LeaseLost, feed_work
from tickfire.store.schema import (
    LAYOUT,
    LAYOUT_FIELD,
    META_KEY,
    OLDEST_LAYOUT,
    STATUS_KEY,
    TICK,
    TICK_TRADE,
    Status,
    Stream,
    head_key,
    meta_field,
    ticks_key,
)
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)
TRADES = trades(60)


def part(first: int, last: int) -> bytes:
    """Return the records of trades ``first`` to ``last``, without the last."""
    return TRADES[first:last].tobytes()


def stream(client: Any) -> dict[int, bytes]:
    """Return each position of the stream and its tick."""
    found: dict[int, bytes] = {}
    for entry_id, fields in client.xrange(ticks_key(STREAM)):
        ticks = np.frombuffer(fields[b"d"], TICK)
        last = int(entry_id.split(b"-")[0])
        found |= {last - len(ticks) + 1 + i: tick.tobytes() for i, tick in enumerate(ticks)}
    return found


def sequences(found: dict[int, bytes]) -> list[int]:
    """Return the sequence numbers of the trades, whose positions must be dense from 1."""
    assert list(found) == list(range(1, len(found) + 1))
    ticks = np.frombuffer(b"".join(found.values()), TICK)
    numbers: list[int] = ticks["sequence"][ticks["kind"] == TICK_TRADE].tolist()
    return numbers


def kinds(client: Any) -> list[str]:
    entries = client.xrange(STATUS_KEY)
    return [msgspec.msgpack.decode(row[b"d"], type=Status).kind for _, row in entries]


# --- failover
@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Yield a primary and its replica."""
    with primary_and_replica(tmp_path) as found:
        yield found


async def test_a_failover_that_lost_acknowledged_ticks_loses_nothing(pair: Pair) -> None:
    primary = pair.primary
    async with await Store.open(primary.url) as store:
        async with sending(META, part(0, 20)) as feed, ingesting(feed, store) as ingest:
            await until_records(ingest, 20)
            epoch = ingest.writer.epoch
            await pair.part()
            feed.send(part(20, 40))
            await until_records(ingest, 40)
            seen = stream(primary.client)
            feed.send(part(40, 50))
            await pair.fail_over()
            feed.send(part(50, 60))
            await until_records(ingest, 60)
            assert ingest.writer.epoch == epoch
        held = stream(primary.client)
        assert sequences(held) == TRADES["sequence"].tolist()
        assert {position: held[position] for position in seen} == seen
        assert "epoch" not in kinds(primary.client)


async def test_a_failover_that_lost_more_than_is_kept_begins_an_epoch(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    primary = pair.primary
    async with await Store.open(primary.url) as store:
        async with (
            sending(META, part(0, 20)) as feed,
            ingesting(feed, store, keep_bytes=0) as ingest,
        ):
            await until_records(ingest, 20)
            epoch = ingest.writer.epoch
            await pair.part()
            feed.send(part(20, 40))
            await until_records(ingest, 40)
            end = max(stream(primary.client))
            await pair.fail_over()
            feed.send(part(40, 60))
            await until_records(ingest, 60)
            assert ingest.writer.epoch != epoch
        assert sequences(stream(primary.client)) == TRADES["sequence"].tolist()[40:]
        assert kinds(primary.client).count("epoch") == 1
        assert "Redis has lost data of the epoch" in caplog.text
        assert ended_of(primary.client.hgetall(META_KEY), 1) == Ended(epoch, (end,))


# --- restarts
async def written(store: Store) -> bytes:
    """Let an ingest write some ticks and end in good order; return its epoch."""
    async with sending(META, part(0, 20)) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 20)
        return ingest.writer.epoch


async def continued(store: Store) -> bytes:
    """Return the epoch of the next ingest."""
    async with sending(META, part(20, 40)) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 20)
        return ingest.writer.epoch


async def change_head(client: Any, **fields: Any) -> None:
    head = decode_head(await client.get(head_key(STREAM)))
    assert head is not None
    await client.set(head_key(STREAM), head._replace(**fields).encode())


async def test_an_epoch_goes_on_after_an_ingest_that_ended_in_good_order(
    store: Store, client: Any
) -> None:
    epoch = await written(store)
    head = decode_head(await client.get(head_key(STREAM)))
    assert head is not None and head.closed
    await change_head(client, server=b"another-server")  # Redis was restarted meanwhile
    assert await continued(store) == epoch


async def test_an_epoch_goes_on_after_an_ingest_that_was_killed(store: Store, client: Any) -> None:
    epoch = await written(store)
    await change_head(client, closed=False)
    assert await continued(store) == epoch


async def test_a_new_epoch_begins_if_both_ingest_and_redis_were_killed(
    store: Store, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers may know ticks that Redis no longer has, and nobody is left who could tell."""
    epoch = await written(store)
    await change_head(client, closed=False, server=b"another-server")
    assert await continued(store) != epoch
    assert "the newest ticks of epoch" in caplog.text


@pytest.mark.parametrize("key", [head_key(STREAM), ticks_key(STREAM)])
async def test_a_new_epoch_begins_if_a_part_of_the_old_one_is_gone(
    key: bytes, store: Store, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    epoch = await written(store)
    await client.delete(key)
    assert await continued(store) != epoch
    assert "deleting what is left of its data" in caplog.text


async def test_a_stream_cut_short_by_hand_is_not_continued(store: Store, client: Any) -> None:
    epoch = await written(store)
    ((newest, _),) = await client.xrevrange(ticks_key(STREAM), count=1)
    await client.xdel(ticks_key(STREAM), newest)
    assert await continued(store) != epoch


# --- the number of shards
async def test_another_number_of_shards_is_refused_and_deletes_nothing(
    store: Store, client: Any
) -> None:
    await written(store)
    held = await client.xlen(ticks_key(STREAM))
    async with sending(META, b"") as feed:
        told = await asyncio.to_thread(
            run, "ingest", "--gateway", f"{feed.host}:{feed.port}", "--key", KEY,
            "--redis-url", store.url.shown, "--shards", "4",
        )  # fmt: skip
    assert_one_sentence(told, "in 1 shards, but --shards is 4; give --shards 1, or --reshard", 2)
    assert await client.xlen(ticks_key(STREAM)) == held


async def test_another_number_of_shards_is_taken_if_asked_for(store: Store, client: Any) -> None:
    epoch = await written(store)
    async with (
        sending(META, part(20, 40)) as feed,
        ingesting(feed, store, shards=2, reshard=True) as ingest,
    ):
        await until_records(ingest, 20)
        assert ingest.writer.epoch != epoch
        fewer = ingest.writer.epoch
    assert await client.hget(META_KEY, meta_field(FEED, SHARDS)) == b"2"
    async with (
        sending(META, part(40, 60)) as feed,
        ingesting(feed, store, shards=1, reshard=True) as ingest,
    ):
        await until_records(ingest, 20)
        assert ingest.writer.epoch != fewer
    assert not await client.exists(ticks_key(Stream(FEED, 1)))


async def test_a_lease_taken_before_a_failover_was_known_begins_no_epoch(
    store: Store, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RETURN_S", 0.01)

    async def opened(*, is_cut_off: bool) -> EpochWriter:
        async def may_return() -> bool:
            return is_cut_off

        await lease.release()
        await lease.wait(lambda holder: None, may_return)
        writer = EpochWriter(store, FEED, 1, lease)
        await writer.open(InstrumentStates(1, FEED))
        return writer

    lease = Lease(store, feed_work(FEED))
    first = await opened(is_cut_off=False)
    head = decode_head(await client.get(head_key(STREAM)))
    assert head is not None
    await client.set(head_key(STREAM), head._replace(server=b"another").encode())
    with pytest.raises(LeaseLost, match="may come back"):
        await opened(is_cut_off=False)
    assert (await opened(is_cut_off=True)).epoch != first.epoch
    lease.close()


# --- layouts
async def test_ingest_ends_with_a_sentence_once_a_later_release_writes(
    store: Store, client: Any
) -> None:
    lease = Lease(store, feed_work(FEED))
    await lease.take()
    writer = EpochWriter(store, FEED, 1, lease)
    await writer.open(InstrumentStates(1, FEED))
    await client.hset(META_KEY, LAYOUT_FIELD, LAYOUT + 1)
    sentence = f"layout {LAYOUT + 1}, and this release knows none after {LAYOUT}"
    with pytest.raises(NewerLayout, match=sentence):
        await writer.put_origin("live")
    with pytest.raises(NewerLayout, match=sentence):
        await EpochWriter(store, FEED, 1, lease).open(InstrumentStates(1, FEED))
    assert await client.hget(META_KEY, LAYOUT_FIELD) == b"%d" % (LAYOUT + 1)
    lease.close()


async def test_data_of_a_layout_that_is_not_read_any_more_begin_a_new_epoch(
    store: Store, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lease = Lease(store, feed_work(FEED))
    await lease.take()
    first = EpochWriter(store, FEED, 1, lease)
    await first.open(InstrumentStates(1, FEED))
    await client.hset(META_KEY, LAYOUT_FIELD, OLDEST_LAYOUT - 1)
    second = EpochWriter(store, FEED, 1, lease)
    await second.open(InstrumentStates(1, FEED))
    assert second.epoch != first.epoch and "is not read any more" in caplog.text
    assert await client.hget(META_KEY, LAYOUT_FIELD) == b"%d" % LAYOUT
    lease.close()
