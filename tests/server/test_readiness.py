"""`/readyz` and `/healthz`: whether data flows, and whether a restart is needed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import redis
from redis.crc import key_slot

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import FEED, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import SLOTS, Valkey
from tickfire.base.calendar.hours import TradingHours
from tickfire.base.calendar.sessions import Sessions
from tickfire.server.market.pipeline import reading
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.reports import (
    TradingStatus,
    encode_report,
    halts_key,
    present_field,
    present_key,
)
from tickfire.store.schema import (
    FEED_DOWN,
    FEED_UP,
    HEALTH_KEY,
    META_KEY,
    FeedState,
    ingest_process,
)
from tickfire.store.store import Store

STALE_S = 1.0


async def answer(server: Server, path: str) -> tuple[int, str]:
    async with http_client() as client:
        got = await client.get(f"http://127.0.0.1:{server.port}/{path}")
    return got.status_code, got.json()["why"] or ""


async def becomes(server: Server, path: str, status: int, words: str = "") -> None:
    async def is_so() -> bool:
        found, why = await answer(server, path)
        return found == status and words in why

    await eventually(is_so, f"/{path} answers {status} with {words!r}")


@dataclass
class Beating:
    """An ingest of the feed that beats; its `state` is set by the test."""

    url: str
    state: dict[str, Any] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def tell(self) -> FeedState:
        now = time.time_ns()
        told: dict[str, Any] = {"connected": True, "since": now, "state": FEED_UP, "data": now}
        return FeedState(**(told | self.state))

    async def run(self) -> None:
        async with await Store.open(self.url) as store:
            await Heartbeat(store, ingest_process(FEED), dict, self.tell).run()

    def start(self) -> None:
        self.task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def ingest(publisher: Publisher, valkey: Valkey) -> AsyncIterator[Beating]:
    beating = Beating(valkey.url)
    beating.start()
    yield beating
    await beating.stop()


def silent(**more: Any) -> dict[str, Any]:
    """Return the state of a feed whose latest data came just now."""
    now = time.time_ns()
    return {"since": now, "data": now} | more


async def test_a_feed_that_brings_no_data_makes_the_server_unready(
    ingest: Beating, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, stale_s=STALE_S)
    await becomes(server, "readyz", 200)
    ingest.state = silent()
    await becomes(server, "readyz", 503, "feed 1 has brought no data since")
    await becomes(server, "healthz", 200)
    sample = server.market.metrics.registry.get_sample_value

    def flows() -> tuple[float | None, float | None]:
        return sample("tickfire_ready"), sample("tickfire_feed_flows", {"feed": "1"})

    # While the beats from before are read still, one that is late makes it unready for a moment.
    await eventually(lambda: flows() == (0, 0), "the metrics say so, too")
    assert (sample("tickfire_feed_silence_seconds", {"feed": "1"}) or 0) > STALE_S
    ingest.state = {}
    await becomes(server, "readyz", 200)
    await eventually(lambda: flows() == (1, 1), "the metrics say so, too")
    ingest.state = silent(connected=False, state=FEED_DOWN, name="the gateway is gone")
    await becomes(server, "readyz", 503, "the gateway is gone")
    ingest.state = {}
    await becomes(server, "readyz", 200)


async def test_a_server_that_begins_waits_for_feeds_that_catch_up_and_one_that_was_ready_does_not(
    ingest: Beating, publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    def is_written() -> bool:
        packed = publisher.client.hget(HEALTH_KEY, ingest_process(FEED))
        return packed is not None and msgspec.msgpack.decode(packed)["feed"]["caught_up"] is False

    before = await serve(valkey.url)
    await becomes(before, "readyz", 200)
    ingest.state = {"caught_up": False, "name": "GLBX.MDP3"}
    await eventually(is_written, "the beat is written")
    after = await serve(valkey.url)
    await becomes(after, "readyz", 503, "feed 1 is catching up with its source: GLBX.MDP3")
    await becomes(before, "readyz", 200)
    ingest.state = {}
    await becomes(after, "readyz", 200)


async def test_a_halted_or_closed_market_may_be_silent(
    ingest: Beating, publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    ingest.state = silent()
    never = TradingHours("UTC", days=())
    closed = await serve(valkey.url, stale_s=STALE_S, sessions=Sessions({"*": never}))
    opened = await serve(valkey.url, stale_s=STALE_S)
    await becomes(opened, "readyz", 503)
    await becomes(closed, "readyz", 200)
    for instrument in (1, 2):
        now = time.time_ns()
        told = ("halt", "none", "none", False, False, None, now, now)
        halt = TradingStatus(FEED, instrument, *told)
        data = encode_report(halt)
        publisher.client.hset(present_key(FEED), present_field(halt).decode(), data)
        publisher.client.xadd(halts_key(FEED), {"d": data})
    await becomes(opened, "readyz", 200)


async def test_an_ingest_that_is_gone_makes_the_server_unready_until_another_writes(
    ingest: Beating, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url)
    indifferent = await serve(valkey.url, stale_s=0)
    await becomes(server, "readyz", 200)
    await ingest.stop()
    await becomes(server, "readyz", 503, "feed 1 has had no ingest since")
    assert (await answer(indifferent, "readyz"))[0] == 200
    ingest.start()
    await becomes(server, "readyz", 200)


def holder(key: bytes) -> int:
    """Return the index of the node of two that holds a key."""
    return int(key_slot(key)) // (SLOTS // 2)


async def test_a_stream_whose_server_hangs_is_named(nodes: list[Valkey], serve: Serve) -> None:
    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port)
    publisher = Publisher(client, shards=4)  # type: ignore[arg-type]
    first, second = nodes
    hung = second if holder(META_KEY) == 0 else first
    shard = next(one for one in range(4) if nodes[holder(b"{1.%d}" % one)] is hung)
    server = await serve(nodes[0].url)
    publisher.publish(trades(8))
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        await becomes(server, "readyz", 503, f"1.{shard}")
        assert (await answer(server, "healthz"))[0] == 200
    finally:
        os.kill(hung.pid, signal.SIGCONT)
    await becomes(server, "readyz", 200)
    client.close()


async def test_a_stream_that_is_read_no_further_is_named_and_then_needs_a_restart(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "UNREAD_NS", 2_000_000_000)
    live = server.market.live
    assert live is not None
    publisher.publish(trades(2))
    await server.reaches(publisher)
    with monkeypatch.context() as broken:
        broken.setattr(live.fanout, "take", None)
        publisher.publish(trades(2))
        await becomes(server, "readyz", 503, "stream 1.0 is not being read by this worker")
        monkeypatch.setattr(reading, "STUCK_NS", reading.UNREAD_NS)
        await becomes(server, "healthz", 503, "stream 1.0 is not being read, though Redis answers")
    sample = server.market.metrics.registry.get_sample_value
    assert (sample("tickfire_stream_unread_seconds", {"stream": "1.0"}) or 0) > 2


async def test_a_reader_that_has_ended_needs_a_restart(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    (news,) = (task for task in asyncio.all_tasks() if task.get_name() == "news")
    news.cancel()
    await becomes(server, "healthz", 503, "the reading of news has ended")
    assert (await answer(server, "readyz"))[0] == 503
