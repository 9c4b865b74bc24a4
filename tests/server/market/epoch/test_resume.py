"""Joining with ``since``: everything after it once, in order, then live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.eventually import eventually
from tests.support.phoenix_client import Joined
from tests.support.publisher import STREAM, Publisher, mixed, tick, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.store.schema import BINARY_HEADER, TICK, new_epoch, shard_of

suppressed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def trades_of(rows: Any, topic: str) -> int:
    of_topic = rows["instrument_id"] == 1 if topic == "market:AAA" else True
    return int(((rows["kind"] == 1) & of_topic).sum())


def ids(joined: Joined) -> list[str]:
    return [payload["id"] for payload in joined.of("tick")]


class Watched:
    """A server with a history, and a client connected from the beginning."""

    def __init__(self, server: Server, publisher: Publisher, topic: str) -> None:
        self.server, self.publisher, self.topic = server, publisher, topic
        self.published = 0

    async def begin(self) -> Watched:
        self.oracle = await (await self.server.client()).join(self.topic)
        await self.publish(mixed(400), 13)
        return self

    async def publish(self, rows: Any, size: int, wait: bool = True) -> None:
        if len(rows):
            self.publisher.publish(rows, size)
            self.published += trades_of(rows, self.topic)
        if wait:
            await self.oracle.count("tick", self.published)


@pytest.fixture(params=["market:realtime", "market:AAA"], ids=["realtime", "instrument"])
async def watched(request: pytest.FixtureRequest, server: Server, publisher: Publisher) -> Watched:
    return await Watched(server, publisher, request.param).begin()


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "redis"])
@settings(max_examples=25, suppress_health_check=suppressed)
@given(st.floats(0, 1), st.integers(0, 60), st.integers(0, 60), st.integers(1, 50))
async def test_a_client_that_resumes_misses_nothing_and_gets_nothing_twice(
    watched: Watched, memory: bool, where: float, before: int, after: int, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not memory:
            patch.setattr(StreamReader, "recent", lambda self, position: None)
        seen = ids(watched.oracle)
        since = seen[int(where * (len(seen) - 1))]
        client = await watched.server.client()
        await watched.publish(mixed(before), size, wait=False)
        joined = await client.join(watched.topic, {"since": since})
        assert joined.response["recovered"] is True
        await watched.publish(mixed(after), size)
        expected = watched.oracle.of("tick")[ids(watched.oracle).index(since) + 1 :]
        await joined.count("tick", len(expected))
        assert joined.of("tick") == expected
        assert not joined.of("gap")
        await client.close()


async def test_resuming_at_the_newest_id_is_live_at_once(watched: Watched) -> None:
    client = await watched.server.client()
    joined = await client.join(watched.topic, {"since": ids(watched.oracle)[-1]})
    again = await client.join(watched.topic, {"since": joined.response["id"]})
    assert again.response["recovered"] is True
    await watched.publish(mixed(2), 10)
    count = trades_of(mixed(2), watched.topic)
    assert await again.count("tick", count) == watched.oracle.of("tick")[-count:]


async def test_trimmed_history_is_said_and_the_rest_is_given(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    publisher.publish(trades(100), entry_size=10)
    await server.reaches(publisher)
    publisher.trim(40)  # the entry of 31 to 40 stays
    joined = await (await server.client()).join("market:realtime", {"since": publisher.id(5)})
    assert joined.response["recovered"] is False
    assert joined.response["missed"] == {"from": publisher.id(5), "to": publisher.id(30)}
    got = await joined.count("tick", 70)
    assert [payload["id"] for payload in got] == [publisher.id(n) for n in range(31, 101)]
    assert not joined.of("gap")


async def test_all_history_gone_is_said(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    publisher.publish(trades(100), entry_size=10)
    await server.reaches(publisher)
    publisher.trim(1000)
    joined = await (await server.client()).join("market:realtime", {"since": publisher.id(5)})
    assert joined.response["missed"] == {"from": publisher.id(5), "to": publisher.id(100)}
    publisher.publish(trades(1))
    (payload,) = await joined.count("tick", 1)
    assert payload["id"] == publisher.id(101)


async def test_another_epoch_and_a_position_that_never_was_are_not_recovered(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(10))
    await server.reaches(publisher)
    foreign = str(WireId((FeedPositions(new_epoch(1), (3,)),)))
    subscribed = []
    for since in (foreign, publisher.id(2**62)):
        joined = await (await server.client()).join("market:realtime", {"since": since})
        assert joined.response["recovered"] is False
        assert joined.response["missed"] == {"from": since, "to": publisher.id(10)}
        subscribed.append(joined)
    publisher.publish(trades(1))
    for joined in subscribed:
        (payload,) = await joined.count("tick", 1)
        assert payload["id"] == publisher.id(11)


async def test_a_malformed_since_is_a_join_error(server: Server, publisher: Publisher) -> None:
    client = await server.client()
    for since in ("x", 7, publisher.id(1, 2), ["a"]):
        joined = await client.join("market:realtime", {"since": since})
        assert joined.status == "error"
        assert "since" in joined.response["reason"]


async def test_a_client_ahead_of_this_worker_waits_for_it(
    server: Server, publisher: Publisher, valkey: Valkey
) -> None:
    """Another worker had read on when the client left it."""
    publisher.publish(trades(10))
    await server.reaches(publisher)
    live = server.market.live
    assert live is not None
    live.data.positions[STREAM] = 6  # as if the rest was not read yet
    joined = await (await server.client()).join("market:realtime", {"since": publisher.id(8)})
    assert joined.response["recovered"] is True
    live.data.positions[STREAM] = 10
    publisher.publish(trades(1))
    got = await joined.count("tick", 3)
    assert [payload["id"] for payload in got] == [publisher.id(n) for n in (9, 10, 11)]


async def test_several_shards_resume_each_from_its_own_position(
    valkey: Valkey, serve: Serve
) -> None:
    publisher = Publisher(valkey.client, shards=3)
    symbols = {key: f"S{key}" for key in range(1, 12)}
    publisher.instruments(symbols)
    assert len({shard_of(1, key, 3) for key in symbols}) == 3
    server = await serve(valkey.url)
    oracle = await (await server.client()).join("market:realtime")
    rows = mixed(300, instruments=11)
    publisher.publish(rows, entry_size=20)
    seen = list(await oracle.count("tick", 300))
    assert len(set(ids(oracle))) == 300
    for since in (0, 17, 150, 299):
        client = await server.client()
        joined = await client.join("market:realtime", {"since": seen[since]["id"]})
        assert joined.response["recovered"] is True
        got = await joined.count("tick", 299 - since)
        without_id = [{**payload, "id": None} for payload in got]
        missing = [{**payload, "id": None} for payload in seen[since + 1 :]]
        assert sorted(map(str, without_id)) == sorted(map(str, missing))
        for symbol in symbols.values():
            of_symbol = [payload for payload in got if payload["symbol"] == symbol]
            assert [payload["ts_event"] for payload in of_symbol] == [
                payload["ts_event"] for payload in seen[since + 1 :] if payload["symbol"] == symbol
            ]
        await client.close()


async def test_a_filter_gives_its_symbols_alone_and_resumes(
    server: Server, publisher: Publisher
) -> None:
    joined = await (await server.client()).join("market:realtime", {"symbols": ["BBB"]})
    publisher.publish(mixed(20), entry_size=6)
    got = await joined.count("tick", 10)
    assert {payload["symbol"] for payload in got} == {"BBB"}
    params = {"symbols": ["BBB"], "since": got[3]["id"]}
    again = await (await server.client()).join("market:realtime", params)
    assert await again.count("tick", 6) == got[4:]
    refused = await (await server.client()).join("market:realtime", {"symbols": ["AAA", "XXX"]})
    assert refused.response == {"reason": "unknown symbol", "symbols": ["XXX"]}


@pytest.mark.parametrize("topic", ["market:realtime", "market:BBB"])
async def test_binary_carries_the_records_and_resumes(
    server: Server, publisher: Publisher, topic: str
) -> None:
    joined = await (await server.client()).join(topic, {"encoding": "binary"})
    rows = mixed(50)
    publisher.publish(rows, entry_size=9)
    wanted = rows if topic == "market:realtime" else rows[rows["instrument_id"] == 2]

    def records(joined: Joined) -> list[bytes]:
        data = b"".join(payload[BINARY_HEADER.itemsize :] for payload in joined.of("ticks"))
        return [data[i : i + TICK.itemsize] for i in range(0, len(data), TICK.itemsize)]

    await joined.until(lambda joined: len(records(joined)) == len(wanted))
    assert records(joined) == [row.tobytes() for row in wanted]
    head = np.frombuffer(joined.of("ticks")[1][: BINARY_HEADER.itemsize], BINARY_HEADER)[0]
    assert bytes(head["epoch"]) == publisher.epoch and head["position"] == 10
    assert (head["shard"], head["span"]) == (0, 9)
    given_so_far = sum(
        np.frombuffer(payload[:24], BINARY_HEADER)[0]["count"] for payload in joined.of("ticks")[:2]
    )
    params = {"encoding": "binary", "since": publisher.id(10 + 9 - 1)}
    again = await (await server.client()).join(topic, params)
    assert again.response["recovered"] is True
    await again.until(lambda joined: len(records(joined)) == len(wanted) - given_so_far)
    assert records(again) == records(joined)[given_so_far:]
    old = await (await server.client(vsn="1.0.0")).join(topic, {"encoding": "binary"})
    assert old.status == "error"


async def test_unknown_symbols_are_refused_until_they_are_there(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    for topic in ("market:NEW", "candles:NEW:1m"):
        assert (await client.join(topic)).response == {"reason": "unknown symbol"}
    assert (await client.join("candles:AAA:2m")).response == {"reason": "unknown interval"}
    realtime = await client.join("market:realtime")
    publisher.instruments({9: "NEW"})
    (payload,) = await realtime.count("instruments", 1)
    assert [row["symbol"] for row in payload["instruments"]] == ["AAA", "BBB", "NEW"]
    joined = await client.join("market:NEW")
    assert joined.status == "ok"
    publisher.publish(tick(instrument=9))
    await joined.count("tick", 1)


async def test_a_tick_of_an_instrument_that_nobody_announced_waits_for_its_symbol(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "status", lambda kind: None)
    joined = await (await server.client()).join("market:realtime")
    publisher.instruments({9: "NEW"})
    publisher.publish(np.concatenate([tick(), tick(instrument=9), tick(instrument=8), tick()]))
    got = await joined.count("tick", 4)
    assert [payload["symbol"] for payload in got] == ["AAA", "NEW", "1:8", "AAA"]


async def test_leaving_ends_everything_that_a_subscriber_held(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    for topic in ("market:realtime", "market:AAA", "candles:AAA:1m"):
        assert (await client.join(topic)).status == "ok"
    await client.join("market:BBB", {"since": publisher.id(0)})
    market = server.market
    views = market.subscriptions.views
    assert len(views.topics()) == 3
    await client.leave("market:AAA")
    assert "market:AAA" not in views.topics()
    await client.close()
    held = views.topics, lambda: len(market.subscriptions), lambda: len(market.candles)
    await eventually(lambda: not any(each() for each in held), "all is released")
    assert market.live is not None and not market.live.data.slots.listened.any()
