"""Losses: of Redis, of the data set, of ticks."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import DAY, SECOND, STREAM, Publisher, tick, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.store.epoch import epoch_of
from tickfire.store.schema import META_KEY, ticks_key


async def ready(server: Server) -> httpx.Response:
    async with http_client() as client:
        return await client.get(f"http://127.0.0.1:{server.port}/readyz")


async def assert_refused(server: Server) -> None:
    """Assert that a client is told to come again once there is a market."""
    with pytest.raises(InvalidStatus) as refused:
        await server.client()
    response = refused.value.response
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.body == b'{"reason":"no market data yet"}'


async def test_a_hole_in_the_numbers_is_published_and_the_rest_goes_on(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    realtime, one = await client.join("market:realtime"), await client.join("market:AAA")
    candles = await client.join("candles:AAA:1s")
    publisher.publish(trades(10, start=DAY))
    await realtime.count("tick", 10)
    publisher.skip(5)
    publisher.publish(trades(3, start=DAY + 10 * SECOND))
    await realtime.count("tick", 13)
    await one.count("tick", 13)
    gap = {"from": publisher.id(10), "to": publisher.id(15)}
    assert realtime.of("gap") == one.of("gap") == [gap]
    assert [event for event, _ in realtime.events].index("gap") == 10
    assert realtime.of("tick")[-3]["id"] == publisher.id(16)
    await candles.count("reset", 1)
    assert server.market.metrics.registry.get_sample_value("tickfire_lost_ticks_total") == 5


async def test_bars_of_lost_ticks_come_from_the_stream_of_bars(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    candles = await client.join("candles:AAA:1s")
    rows = trades(60, step=SECOND // 10)
    publisher.publish(rows[:25], entry_size=5)
    await server.reaches(publisher)
    lost = rows[25:45]
    first = publisher.positions[0] + 1
    closed = publisher.states.fold(lost, first)
    publisher.skip(len(lost))
    publisher.write_bars(0, closed)
    publisher.snapshot()
    publisher.publish(rows[45:], entry_size=5)
    await candles.count("reset", 1)
    await server.reaches(publisher)
    live = server.market.live
    assert live is not None
    shown = live.data.candles.history(0, 1, 100)
    assert shown[:, 5].tolist() == [int(rows["size"][i : i + 10].sum()) for i in range(0, 60, 10)]


async def test_a_new_epoch_moves_everyone_and_says_what_is_gone(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    realtime, one = await client.join("market:realtime"), await client.join("market:BBB")
    candles = await client.join("candles:BBB:1m")
    publisher.publish(trades(10, instrument=2))
    await one.count("tick", 10)
    before = publisher.id(10)
    publisher.begin_epoch()
    publisher.instruments({7: "BBB", 8: "CCC"})
    publisher.publish(trades(4, instrument=7, start=DAY + 100 * SECOND))
    publisher.status("session")
    await realtime.count("gap", 1)
    publisher.publish(trades(2, instrument=7, start=DAY + 200 * SECOND))
    (gap,) = realtime.of("gap")
    assert gap["from"] == before
    ticks = await one.count("tick", 12)
    assert ticks[-1]["id"] == publisher.id(6)
    table = realtime.of("instruments")[-1]["instruments"]
    assert [row["symbol"] for row in table] == ["BBB", "CCC"]
    reset = (await candles.count("reset", 1))[-1]
    assert [bar[0] for bar in reset["candles"]] == [(DAY + 60 * SECOND) // 1_000_000]
    again = await client.join("market:realtime", {"since": before})
    assert again.response["recovered"] is False
    assert again.response["missed"]["from"] == before


async def test_a_new_epoch_is_noticed_without_being_told(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "status", lambda kind: None)
    publisher.publish(trades(10))
    await server.reaches(publisher)
    realtime = await (await server.client()).join("market:realtime")
    publisher.begin_epoch()
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(30))  # further than the old one was
    await realtime.count("gap", 1)
    publisher.publish(trades(1))
    await realtime.until(lambda joined: joined.of("tick")[-1:] != [])
    assert realtime.of("tick")[-1]["id"] == publisher.id(31)


async def test_the_server_outlives_redis_and_reads_on(own_valkey: Valkey, serve: Serve) -> None:
    publisher = Publisher(own_valkey.client)
    publisher.instruments({1: "AAA"})
    server = await serve(own_valkey.url)
    client = await server.client()
    realtime = await client.join("market:realtime")
    publisher.publish(trades(5))
    await realtime.count("tick", 5)
    own_valkey.kill()
    await eventually(lambda: server.market.trouble() is not None, "the loss is noticed")
    answer = await ready(server)
    assert answer.status_code == 503 and "Redis" in answer.json()["why"]
    refused = await client.join("market:AAA", {"since": publisher.id(0)})
    assert refused.status == "ok" or "join again" in refused.response["reason"]
    assert (await client.join("candles:AAA:1m")).status == "ok"
    own_valkey.start()
    publisher.begin_epoch()
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(7))
    await realtime.count("gap", 1)
    await eventually(lambda: server.market.trouble() is None, "it is ready again")
    publisher.publish(trades(1))
    await realtime.until(lambda joined: joined.of("tick")[-1]["id"] == publisher.id(8))


async def test_redis_that_pauses_loses_nothing(own_valkey: Valkey, serve: Serve) -> None:
    """The connections are cut, the data stays: no tick is missed."""
    publisher = Publisher(own_valkey.client)
    publisher.instruments({1: "AAA"})
    server = await serve(own_valkey.url)
    realtime = await (await server.client()).join("market:realtime")
    cut = 0
    for _ in range(3):
        publisher.publish(trades(20), entry_size=3)
        cut += own_valkey.client.client_kill_filter(_type="normal", skipme=True)
        publisher.publish(trades(20), entry_size=3)
    assert cut
    got = await realtime.count("tick", 120)
    assert [payload["id"] for payload in got] == [publisher.id(n) for n in range(1, 121)]
    assert not realtime.of("gap")


async def test_a_server_may_start_before_redis_and_before_ingest(
    own_valkey: Valkey, serve: Serve
) -> None:
    own_valkey.kill()
    server = await serve(own_valkey.url, ready=False)
    await assert_refused(server)
    assert (await ready(server)).status_code == 503
    own_valkey.start()
    await eventually(lambda: "ingest" in (server.market.trouble() or ""), "Redis is reached")
    publisher = Publisher(own_valkey.client)
    publisher.instruments({1: "AAA"})
    await eventually(lambda: server.market.trouble() is None, "the market is ready")
    joined = await (await server.client()).join("market:realtime")
    publisher.publish(tick())
    await joined.count("tick", 1)
    assert (await ready(server)).json()["at"] == publisher.id(1)


async def test_an_epoch_that_vanishes_and_comes_back_is_read_on(
    publisher: Publisher, server: Server
) -> None:
    realtime = await (await server.client()).join("market:realtime")
    publisher.publish(trades(5))
    await realtime.count("tick", 5)
    client = publisher.client
    held = client.hgetall(META_KEY)
    epoch = epoch_of(held, publisher.feed)
    assert epoch is not None
    client.delete(META_KEY)
    client.client_kill_filter(_type="normal", skipme=True)
    live = server.market.live
    assert live is not None
    await eventually(lambda: not live.is_current(epoch), "the readers have ended")
    client.hset(META_KEY, mapping=held)
    await eventually(lambda: server.market.trouble() is None, "the market is ready again")
    publisher.publish(trades(5, start=DAY + 10 * SECOND))
    got = await realtime.count("tick", 10)
    assert [payload["id"] for payload in got] == [publisher.id(n) for n in range(1, 11)]


async def test_entries_that_are_not_ours_are_counted_and_passed_over(
    server: Server, publisher: Publisher
) -> None:
    joined = await (await server.client()).join("market:realtime")
    publisher.publish(trades(2))
    key = ticks_key(STREAM)
    publisher.client.xadd(key, {"x": "y"}, id="3-0")
    publisher.client.xadd(key, {"h": b"\x01\x01" + bytes(30), "d": b"short"}, id="4-0")
    publisher.client.xadd(key, {"h": b"\xff" * 32, "d": bytes(32)}, id="5-7")
    publisher.skip(3)
    publisher.publish(trades(2))
    await joined.count("tick", 4)
    assert joined.of("gap") == [{"from": publisher.id(2), "to": publisher.id(5)}]
    sample = server.market.metrics.registry.get_sample_value
    assert sample("tickfire_bad_entries_total") == 3
