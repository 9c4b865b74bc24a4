"""Ingest from end to end: a real gateway, ingest and a real Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.dbn import START, mixed_records, rows, trades, write_dbn
from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.ingest import KEY, closed_bars, ingesting, sending, until_records
from tests.support.publisher import FEED, STREAM
from tickfire.ingest.adapter.protocol import FeedRefused
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_MBP_1
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import Gateway, serve_gateway
from tickfire.ingest.kernel.context import COUNT_RECORDS
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.live.adapter import LiveAdapter
from tickfire.ingest.lsg.client import LiveSubscription
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.ingest.writer import service
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.service import Ingest, write_feed
from tickfire.store.schema import (
    ENTRY_HEADER,
    STATE,
    TICK,
    TICK_TRADE,
    Instrument,
    Stream,
    snapshots_key,
    ticks_key,
)
from tickfire.store.store import Store

DAY = np.datetime64(START, "ns").astype("datetime64[D]").item()
SYMBOLS = {1: "AAA", 2: "B/B:C", 3: "CCC"}


ALL_RECORDS = 150 * 40 + 2 + 3 + 1
"""Records of ``market(150)``, two acknowledgements, three mappings and the end of the replay."""


def metadata() -> Metadata:
    mappings = tuple(
        SymbolMapping(symbol, (MappingInterval(DAY, DAY + timedelta(days=2), str(number)),))
        for number, symbol in SYMBOLS.items()
    )
    return Metadata("TEST.DATA", None, START, mappings=mappings)


def market(seconds: int, per_second: int = 40) -> bytes:
    """Return the records of trades and quotes of three instruments, in order of time."""
    count = seconds * per_second
    random = np.random.default_rng(7)
    step = 10**9 // per_second
    times = START + np.arange(count) * step
    quotes = rows(
        RTYPE_MBP_1,
        count,
        instrument_id=random.integers(1, 4, count),
        ts_event=times,
        ts_recv=times + 1000,
        price=10**11 + random.integers(-50, 50, count) * 10**7,
        size=random.integers(1, 100, count),
        action=np.where(random.random(count) < 0.4, ACTION_TRADE, ord("A")),
        side=ord("B"),
        bid_px_00=10**11 - random.integers(1, 5, count) * 10**7,
        ask_px_00=10**11 + random.integers(1, 5, count) * 10**7,
        bid_sz_00=random.integers(1, 9, count),
        ask_sz_00=random.integers(1, 9, count),
        sequence=np.arange(count),
    )
    return quotes.tobytes()


async def until_all(ingest: Ingest) -> None:
    """Wait until every record of `market` is parsed and every write acknowledged."""

    def done() -> bool:
        parsed = ingest.states.count(COUNT_RECORDS) >= ALL_RECORDS
        return parsed and not any(pipe.unacknowledged for pipe in ingest.pipes)

    await eventually(done, "every record written")


async def stream(client: Any, shard: int = 0) -> np.ndarray[Any, Any]:
    """Return the ticks of a shard, after a check that their positions have no gaps from 1."""
    pieces, n = [], 0
    for entry_id, fields in await client.xrange(ticks_key(Stream(FEED, shard))):
        ticks = np.frombuffer(fields[b"d"], TICK)
        head = np.frombuffer(fields[b"h"], ENTRY_HEADER)[0]
        assert head["received"] <= head["parsed"] < head["written"] <= time.time_ns()
        n += len(ticks)
        assert entry_id == b"%d-0" % n
        pieces.append(ticks)
    return np.concatenate(pieces)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    file = write_dbn(tmp_path / "market.dbn", market(150), metadata())
    async with await serve_gateway(GatewayConfig(port=0, file=file, speed=0)) as server:
        yield server


async def test_every_trade_of_the_file_is_in_the_stream_in_order(
    gateway: Gateway, client: Any, store: Store
) -> None:
    async with ingesting(gateway, store) as ingest:
        await until_all(ingest)
    sent = np.frombuffer(market(150), rows(RTYPE_MBP_1, 0).dtype)
    sent = sent[sent["action"] == ACTION_TRADE]
    got = await stream(client)
    got = got[got["kind"] == TICK_TRADE]
    for field, source in (("ts_event",) * 2, ("price",) * 2, ("size",) * 2, ("sequence",) * 2):
        assert np.array_equal(got[field], sent[source])
    assert np.array_equal(got["instrument_id"], sent["instrument_id"])


async def test_the_instrument_table_is_written(gateway: Gateway, client: Any, store: Store) -> None:
    async with ingesting(gateway, store) as ingest:
        await until_all(ingest)
    stored = [
        msgspec.msgpack.decode(row, type=Instrument) for row in await client.hvals("instruments")
    ]
    assert {row.instrument_id: row.symbol for row in stored} == SYMBOLS


async def test_snapshots_and_bars_equal_the_fold_of_the_stream(
    gateway: Gateway, client: Any, store: Store
) -> None:
    async with ingesting(gateway, store) as ingest:
        await until_all(ingest)

        async def snapshot_is_current() -> bool:
            position = await client.hget(snapshots_key(STREAM), "n") or 0
            return bool(int(position) == ingest.states.positions[0])

        await eventually(snapshot_is_current, "a snapshot of the last position")
    stored = await client.hgetall(snapshots_key(STREAM))
    position = int(stored.pop(b"n"))
    states = InstrumentStates()
    ticks = await stream(client)
    bars = states.fold(ticks, 1)
    assert position == len(ticks)
    left_out = ("dirty", "publisher", "s_closed", "m_closed")
    for row in states.rows:
        snapshot = np.frombuffer(stored[b"1:%d" % row["instrument_id"]], STATE)[0]
        for name in STATE.names or ():
            if name not in left_out and name[:2] not in ("s_", "m_"):
                assert snapshot[name] == row[name], name
    written = await closed_bars(client)
    keys = ["instrument_id", "interval_s", "start", "open", "high", "low", "close", "volume"]
    assert {tuple(bar[k] for k in keys) for bar in bars} <= {
        tuple(bar[k] for k in keys) for bar in written
    }


async def test_a_restarted_ingest_continues_the_epoch_and_repeats_nothing(
    gateway: Gateway, client: Any, store: Store
) -> None:
    async with ingesting(gateway, store) as ingest:
        await until_all(ingest)
        epoch = ingest.writer.epoch
    before = await stream(client)
    async with ingesting(gateway, store) as ingest:
        await until_all(ingest)
        assert ingest.writer.epoch == epoch
    assert np.array_equal(await stream(client), before)


async def test_each_instrument_is_in_one_shard_and_positions_have_no_gaps(
    gateway: Gateway, client: Any, store: Store
) -> None:
    async with ingesting(gateway, store, shards=4) as ingest:
        await until_all(ingest)
    seen: dict[int, int] = {}
    for shard in range(4):
        if not await client.exists(ticks_key(Stream(FEED, shard))):
            continue
        for number in np.unique((await stream(client, shard))["instrument_id"]).tolist():
            assert number not in seen
            seen[number] = shard
    assert set(seen) == set(SYMBOLS)


async def test_a_paused_redis_holds_the_session_and_no_tick_is_lost(
    gateway: Gateway, client: Any, store: Store
) -> None:
    async with ingesting(gateway, store, max_waiting_bytes=10_000) as ingest:
        await client.client_pause(1000, all=False)
        await until_all(ingest)
    ticks = await stream(client)
    assert int((ticks["kind"] == TICK_TRADE).sum()) == len(
        [r for r in np.frombuffer(market(150), rows(RTYPE_MBP_1, 0).dtype) if r["action"] == 84]
    )


async def test_an_epoch_lost_from_redis_is_followed_by_a_new_one(
    tmp_path: Path, valkey: EmbeddedRedis, client: Any, store: Store
) -> None:
    file = write_dbn(tmp_path / "slow.dbn", market(150), metadata())
    config = GatewayConfig(port=0, file=file, speed=50)
    async with await serve_gateway(config) as gateway, ingesting(gateway, store) as ingest:
        # Not until they are written: the replay must not be over by then.
        await eventually(lambda: ingest.states.count(COUNT_RECORDS) >= 1000, "1,000 records")
        epoch = ingest.writer.epoch
        await valkey.stop()
        await valkey.start()
        await eventually(lambda: ingest.writer.epoch != epoch, "a new epoch")
        await until_all(ingest)
        assert await client.hget("meta", "1:epoch") == ingest.writer.epoch
        assert await client.hget("meta", "1:origin") == b"replay"
        assert await client.hlen("instruments") == 3
        ticks = await stream(client)  # without gaps from 1 again
        assert len(ticks) == ingest.states.positions[0]
        assert int(ingest.states.rows["n"].max()) == len(ticks)


async def test_a_refused_key_ends_ingest(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "freeze", lambda: None)  # it is for good
    file = write_dbn(tmp_path / "market.dbn", trades(3).tobytes(), metadata())
    refusing = GatewayConfig(port=0, file=file, keys=frozenset(["db-another-key-than-ours"]))
    async with await serve_gateway(refusing) as gateway:
        ask = LiveSubscription("TEST.DATA", ("trades",))
        config = IngestConfig(LiveAdapter(gateway.host, gateway.port, KEY, ask))
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(write_feed(config, store), TIMEOUT_S)
    assert isinstance(caught.value.exceptions[0], FeedRefused)


async def test_a_corrupt_record_ends_the_session_but_not_the_process(
    client: Any, store: Store
) -> None:
    corrupt = mixed_records(10) + b"\0" * 64
    later = mixed_records(10, START + 10**6)
    async with sending(metadata(), corrupt, later) as feed:
        async with ingesting(feed, store) as ingest:
            await until_records(ingest, 60)
        assert feed.sessions == 2
    kinds = (await stream(client))["kind"]
    assert int((kinds == TICK_TRADE).sum()) == 20
