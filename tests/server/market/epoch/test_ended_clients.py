"""Clients that resume in an ended epoch, among them phoenix.js and `tickfire.client`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.dbn import START
from tests.support.dbn import trades as dbn_trades
from tests.support.eventually import eventually
from tests.support.fallback import fallback_client
from tests.support.ingest import ingesting, sending, until_records
from tests.support.publisher import FEED, mixed, trades
from tests.support.recording import SEEN_EPOCHS, recorded, recording
from tests.support.resumed import CUT_AFTER, Seen, has, packed_of
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.target import Target
from tickfire.client import Market
from tickfire.client.market.cursor import Cursor
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.server.market.ticks.views import REALTIME
from tickfire.store.epoch import Epoch
from tickfire.store.store import Store

WITHIN_S = 60.0


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_phoenix_js_resumes_on_a_server_that_restarts_on_an_emptied_redis(
    valkey: Valkey, serve: Serve, archive: str, transport: str
) -> None:
    async with recorded(valkey, archive) as past:
        server = await serve(valkey.url, archive=archive)
        polled = transport == "longpoll"
        async with fallback_client(server.socket, REALTIME, {}, "tick", "gap", polled=polled) as js:
            await js.next("reply")
            past.publish(trades(40))
            await js.count("tick", 40)
            await server.stop()
            past.publish(trades(300))
            await past.settles()
            await past.begin_epoch()
            past.publish(trades(50))
            again = await serve(valkey.url, archive=archive, port=server.port)
            await again.reaches(past.publisher)
            reply = await js.next("reply")
            assert reply["recovered"] is True
            await js.count("tick", len(past.ids))
        assert [tick["id"] for tick in js.of("tick")] == past.ids
        assert not js.of("gap")


@pytest.mark.parametrize("kind", ["ticks", "batches"])
async def test_the_python_client_resumes(
    valkey: Valkey, serve: Serve, archive: str, kind: str
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(trades(100))
        await past.settles()
        await past.begin_epoch()
        past.publish(trades(50))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        async with Market(f"http://127.0.0.1:{server.port}") as market:
            stream: Any = getattr(market, kind)(since=past.ids[9], notices=True)
            found: list[Any] = []
            async with asyncio.timeout(WITHIN_S):
                async for item in stream:
                    found += [item] if kind == "ticks" else list(item.ticks)
                    if len(found) >= len(past.ids) - 10:
                        break
        if kind == "ticks":
            assert [tick.id for tick in found] == past.ids[10:]
        else:
            assert [row.tobytes() for row in found] == past.ticks[10:]
        assert stream.id == past.ids[-1]


async def test_the_python_client_has_an_id_of_the_new_epoch_before_its_first_tick(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    async with recorded(valkey, archive, shards=2) as past:
        begin = past.publisher.id(0, 0)
        past.publish(trades(3))
        await past.settles()
        await past.begin_epoch()
        server = await serve(valkey.url, archive=archive)
        async with Market(f"http://127.0.0.1:{server.port}") as market:
            stream = market.batches(since=begin)
            taking = asyncio.create_task(stream.take(10))
            await eventually(lambda: stream.id == past.publisher.id(0, 0), "the new epoch")
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)


async def test_redis_is_killed_under_a_running_ingest(
    own_valkey: Valkey, serve: Serve, archive: str
) -> None:
    """Ingest tells where the epoch ended; a client that resumes gets every tick once."""
    rows = dbn_trades(400)
    meta = Metadata("TEST.DATA", None, START)
    params = {"encoding": "binary", "header": 2}
    async with (
        await Store.open(own_valkey.url) as store,
        sending(meta, rows[:100].tobytes()) as feed,
        ingesting(feed, store) as ingest,
        recording(own_valkey.url, archive, rotation=SEEN_EPOCHS) as recorder,
    ):
        await until_records(ingest, 100)
        server = await serve(own_valkey.url, archive=archive)
        client = await server.client()
        begin = await server.beginning(FEED)
        joined = await client.join(REALTIME, {"since": begin, **params})
        await joined.until(has(100))
        await client.close()
        cursor, seen = Cursor(begin), []
        for packed in packed_of(joined):
            cursor.moved_to(packed.epoch, packed.shard, packed.last)
            seen += packed.ticks["sequence"].tolist()
        feed.send(rows[100:200].tobytes())
        await until_records(ingest, 200)
        await eventually(lambda: recorder.metrics.rows >= 200, "all is recorded")
        epoch = ingest.writer.epoch
        own_valkey.kill()
        feed.send(rows[200:300].tobytes())
        await eventually(lambda: int(ingest.states.positions[0]) > 250, "ticks wait")
        own_valkey.start()
        await eventually(lambda: ingest.writer.epoch != epoch, "a new epoch")
        feed.send(rows[300:].tobytes())
        await until_records(ingest, 400)
        await eventually(lambda: server.market.trouble() is None, "the market is loaded")
        log, new = EpochLog(Target(archive)), ingest.writer.epoch
        await eventually(
            lambda: log.ended(Epoch(FEED, epoch, 1), new)[0].is_whole, "the end is recorded"
        )
        joined = await (await server.client()).join(REALTIME, {"since": cursor.id, **params})
        assert joined.response["recovered"] is True
        await joined.until(has(300))
        for packed in packed_of(joined):
            seen += packed.ticks["sequence"].tolist()
        assert seen == list(range(400))
        assert not joined.of("gap")


@pytest.mark.parametrize("encoding", ["json", "binary"])
async def test_a_client_that_is_cut_in_an_old_epoch_resumes_there(
    valkey: Valkey, serve: Serve, archive: str, encoding: str
) -> None:
    """With several shards, each of which has its own position in the old epoch."""
    async with recorded(valkey, archive, shards=3) as past:
        publisher, rows = past.publisher, mixed(1500, instruments=11)
        symbols = {key: f"S{key}" for key in range(1, 12)}
        begin = publisher.id(0, 0, 0)
        sent: list[str] = []
        for _ in range(2):
            if sent:
                await past.settles()
                await past.begin_epoch()
            publisher.instruments(symbols)
            publisher.publish(rows, 20)
            sent.append(publisher.epoch.hex())
        server = await serve(valkey.url, archive=archive)
        await server.reaches(publisher)
        is_binary = encoding == "binary"
        params = {"encoding": "binary", "header": 2} if is_binary else {}
        total = 2 * len(rows) if is_binary else len(rows)
        cursor, seen, cuts = Cursor(begin), Seen(), 0
        while len(seen.rows) < total:
            client = await server.client()
            joined = await client.join(REALTIME, {"since": cursor.id, **params})
            assert joined.response.get("recovered") is True, (joined.response, cursor.id)
            await joined.until(has(min(total - len(seen.rows), CUT_AFTER)))
            await client.close()
            cuts += 1
            seen.take(joined, cursor, CUT_AFTER)
        assert cuts > 3
        assert len(set(seen.rows)) == len(seen.rows) == total
        assert list(dict.fromkeys(epoch for epoch, *_ in seen.rows)) == sent
