"""Several feeds in one Redis: each with its own epoch, all in one market."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.resumed import has, records
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.feed import LiveFeed
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks import subscription
from tickfire.server.market.ticks.positions import WireId
from tickfire.server.market.ticks.subscription import HIGH_WATER, TickSubscription
from tickfire.store.schema import BINARY_HEADER_2, LAYOUT, Stream

SYMBOLS = {1: "AAA", 2: "BBB"}


@pytest.fixture
def second(publisher: Publisher, valkey: Valkey) -> Publisher:
    """Return a publisher of feed 2, whose instruments have the ids and symbols of feed 1."""
    second = Publisher(valkey.client, feed=2)
    second.instruments(SYMBOLS)
    return second


@pytest.fixture
async def both(second: Publisher, valkey: Valkey, serve: Serve) -> Server:
    """Return a server of two feeds."""
    return await serve(valkey.url)


def ids_of(joined: Joined, feed: int) -> list[int]:
    """Return the position in a feed of each tick that moved it."""
    parts = [WireId.parse(tick["id"]).part(feed) for tick in joined.of("tick")]
    return sorted({part.positions[0] for part in parts if part is not None and part.positions[0]})


async def test_the_ticks_of_two_feeds_arrive_with_ids_of_both(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    client = await both.client()
    realtime = await client.join("market:realtime")
    topics = ("market:AAA", "market:1/AAA", "market:2/AAA")
    one, qualified, other = [await client.join(topic) for topic in topics]
    assert [row["symbol"] for row in realtime.response["instruments"]] == [
        *("2/AAA", "2/BBB", "AAA", "BBB")
    ]
    assert realtime.response["id"] == f"{publisher.id(0)}_{second.id(0)}"
    publisher.publish(trades(3))
    await realtime.count("tick", 3)
    second.publish(trades(2))
    got = await realtime.count("tick", 5)
    assert got[-1]["id"] == f"{publisher.id(3)}_{second.id(2)}"
    assert [tick["symbol"] for tick in got] == [*["AAA"] * 3, *["2/AAA"] * 2]
    for joined, feed, count in ((one, publisher, 3), (qualified, publisher, 3), (other, second, 2)):
        assert [tick["id"] for tick in await joined.count("tick", count)] == [
            feed.id(position) for position in range(1, count + 1)
        ]


async def test_candles_and_snapshots_are_of_the_named_feed(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    publisher.publish(trades(20))
    rows = trades(20)
    rows["price"] *= 2
    second.publish(rows)
    await both.reaches(publisher)
    await both.reaches(second)
    client = await both.client()
    opens = []
    for name in ("AAA", "1/AAA", "2/AAA"):
        candles = await client.join(f"candles:{name}:1m")
        opens.append(float(candles.response["candles"][0][1]))
        snapshot = (await client.join(f"market:{name}")).response["snapshot"]
        assert float(snapshot["last"]) > opens[-1]
    assert opens == [100, 100, 200]


async def test_a_feed_that_is_added_disturbs_nobody_and_is_read_from_its_beginning(
    server: Server, publisher: Publisher, valkey: Valkey
) -> None:
    client = await server.client()
    realtime, one = await client.join("market:realtime"), await client.join("market:AAA")
    publisher.publish(trades(10))
    await realtime.count("tick", 10)
    held = realtime.of("tick")[-1]["id"]
    assert held == publisher.id(10)
    second = Publisher(valkey.client, feed=2)
    second.instruments(SYMBOLS)
    second.publish(trades(50), entry_size=7)  # before the server has noticed the feed
    second.status("session")
    publisher.publish(trades(10, start=DAY + SECOND))
    await realtime.count("tick", 70)
    second.publish(trades(5, start=DAY + 5 * SECOND))
    await realtime.count("tick", 75)
    assert ids_of(realtime, 1) == [*range(1, 21)]
    assert ids_of(realtime, 2) == [*range(1, 56)]
    assert not realtime.of("gap") and not one.of("gap", "reset")
    assert len(one.of("tick")) == 20
    assert "2/AAA" in [row["symbol"] for row in realtime.of("instruments")[-1]["instruments"]]
    again = await (await server.client()).join("market:realtime", {"since": held})
    assert again.response["recovered"] is True
    await again.count("tick", 65)
    assert ids_of(again, 1) == [*range(11, 21)] or ids_of(again, 1) == [*range(10, 21)]
    assert ids_of(again, 2) == [*range(1, 56)]


async def test_an_epoch_that_changes_disturbs_its_own_feed_alone(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    client = await both.client()
    realtime = await client.join("market:realtime")
    own, other = await client.join("market:2/AAA"), await client.join("market:AAA")
    own_candles = await client.join("candles:2/AAA:1m")
    other_candles = await client.join("candles:AAA:1m")
    publisher.publish(trades(6))
    second.publish(trades(4))
    await realtime.count("tick", 10)
    before = second.id(4)
    second.begin_epoch()
    second.instruments(SYMBOLS)
    second.status("session")
    publisher.publish(trades(6, start=DAY + SECOND))
    await own.count("gap", 1)
    await realtime.count("gap", 1)
    second.publish(trades(3, start=DAY + 2 * SECOND))
    await realtime.count("tick", 19)
    gap = {"from": before, "to": second.id(0)}
    assert realtime.of("gap") == own.of("gap") == [gap]
    assert not other.of("gap") and not other_candles.of("reset")
    await own_candles.count("reset", 1)
    assert len(await other.count("tick", 12)) == 12
    assert realtime.of("tick")[-1]["id"] == f"{publisher.id(12)}_{second.id(3)}"


async def test_an_old_epoch_among_good_ones_is_missed_alone(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    publisher.publish(trades(10))
    second.publish(trades(5))
    await both.reaches(second)
    old = second.id(3)
    second.begin_epoch()
    second.instruments(SYMBOLS)
    second.publish(trades(2))
    second.status("session")

    def entered() -> bool:
        live = both.market.live
        return live is not None and live.data.epochs[2].key == second.epoch

    await eventually(entered, "the new epoch is followed")
    await both.reaches(second)
    joined = await (await both.client()).join(
        "market:realtime", {"since": f"{publisher.id(4)}_{old}"}
    )
    assert joined.response["recovered"] is False
    assert joined.response["missed"] == {"from": old, "to": second.id(2)}
    got = await joined.count("tick", 6)
    assert [tick["id"] for tick in got] == [
        f"{publisher.id(position)}_{second.id(2)}" for position in range(5, 11)
    ]


async def test_ids_that_name_strange_feeds_or_too_many_shards(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    publisher.publish(trades(3))
    await both.reaches(publisher)
    client = await both.client()
    strange = f"{'09' * 8}-5"
    joined = await client.join("market:realtime", {"since": f"{publisher.id(3)}_{strange}"})
    assert joined.response["recovered"] is False
    assert joined.response["missed"]["from"] == strange
    assert joined.response["missed"]["to"] == f"{publisher.id(3)}_{second.id(0)}"
    refused = await client.join("market:AAA", {"since": f"{publisher.id(3, 4)}_{second.id(0)}"})
    assert "another number of shards" in refused.response["reason"]
    ofone = await (await both.client()).join(
        "market:AAA", {"since": f"{publisher.id(1)}_{second.id(0)}"}
    )
    assert ofone.response["recovered"] is True
    assert len(await ofone.count("tick", 2)) == 2


async def test_a_trimmed_feed_that_is_new_to_the_client_is_reported(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    second.publish(trades(600), entry_size=100)
    await both.reaches(second)
    live = both.market.live
    assert live is not None
    for reader in live._feeds[2].readers.values():
        reader._recent.clear()
    second.trim(501)
    joined = await (await both.client()).join("market:realtime", {"since": publisher.id(0)})
    assert joined.response["recovered"] is False
    assert joined.response["missed"] == {"from": second.id(0), "to": second.id(500)}
    assert len(await joined.count("tick", 100)) == 100


async def test_a_header_of_version_2_names_feed_and_shard(
    both: Server, publisher: Publisher, second: Publisher
) -> None:
    client = await both.client()
    asked: dict[str, Any] = {"encoding": "binary", "header": 2}
    topics = ("market:realtime", "market:2/AAA")
    for joined in [await client.join(topic, asked) for topic in topics]:
        second.publish(trades(2))
        payload = (await joined.count("ticks", 1))[0]
        header = np.frombuffer(payload[: BINARY_HEADER_2.itemsize], BINARY_HEADER_2)[0]
        assert (header["version"], header["feed"], header["shard"]) == (2, 2, 0)
        assert (header["count"], bytes(header["epoch"])) == (2, second.epoch)
    first = await (await both.client()).join("market:realtime", {"encoding": "binary"})
    second.publish(trades(1))
    assert (await first.count("ticks", 1))[0][0] == 1


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=8),
    st.tuples(*[st.floats(0, 1)] * 2),
)
async def test_resuming_at_any_id_of_two_feeds_is_exact(
    both: Server, publisher: Publisher, second: Publisher,
    parts: list[tuple[bool, int]], shares: tuple[float, float],
) -> None:  # fmt: skip
    for to_second, count in parts:
        (second if to_second else publisher).publish(trades(count), entry_size=9)
    ends = publisher.positions[0], second.positions[0]
    begins = tuple(int(share * end) for share, end in zip(shares, ends, strict=True))
    await both.reaches(publisher)
    await both.reaches(second)
    client = await both.client()
    since = f"{publisher.id(begins[0])}_{second.id(begins[1])}"
    joined = await client.join("market:realtime", {"since": since})
    assert joined.response["recovered"] is True
    got = await joined.count("tick", sum(ends) - sum(begins))
    numbers: dict[str, list[int]] = {"AAA": [], "2/AAA": []}
    for tick in got:
        part = WireId.parse(tick["id"]).part(1 if tick["symbol"] == "AAA" else 2)
        assert part is not None
        numbers[tick["symbol"]].append(part.positions[0])
    for found, begin, end in zip(numbers.values(), begins, ends, strict=True):
        assert found == [*range(begin + 1, end + 1)]
    await client.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Hold the second feed back until the event is set."""
    gate, seed = asyncio.Event(), LiveMarket.seed

    async def waiting(self: LiveMarket, feed: LiveFeed) -> dict[Stream, int]:
        if feed.epoch.feed == 2:
            await gate.wait()
        return await seed(self, feed)

    monkeypatch.setattr(LiveMarket, "seed", waiting)
    return gate


async def test_a_client_that_resumes_while_a_feed_is_loaded_gets_nothing_twice(
    gate: asyncio.Event, server: Server, publisher: Publisher, valkey: Valkey
) -> None:
    """Another worker has loaded the feed and has given an id of it."""
    publisher.publish(trades(20))
    await server.reaches(publisher)
    second = await begin_second(server, valkey)
    second.publish(trades(30))
    client, since = await server.client(), f"{publisher.id(10)}_{second.id(25)}"
    join = asyncio.create_task(client.join("market:realtime", {"since": since}))
    await eventually(lambda: len(server.market.subscriptions) == 1, "it is waiting")
    gate.set()
    joined = await join
    assert joined.response["recovered"] is True
    newest = joined
    for taken in (3, 12):
        ticks = await newest.count("tick", taken)
        again = await server.client()
        newest = await again.join("market:realtime", {"since": ticks[taken - 1]["id"]})
    assert not newest.of("tick")
    publisher.publish(trades(1))
    (last,) = await newest.count("tick", 1)
    assert last["id"] == f"{publisher.id(21)}_{second.id(30)}"


async def begin_second(server: Server, valkey: Valkey) -> Publisher:
    """Begin feed 2, and wait until the server is loading it."""
    second = Publisher(valkey.client, feed=2)
    second.instruments(SYMBOLS)
    second.status("epoch")
    live = server.market.live
    assert live is not None
    await eventually(lambda: 2 in live.loading, "feed 2 is being loaded")
    return second


async def test_a_feed_that_cannot_be_loaded_does_not_keep_clients_from_the_others(
    gate: asyncio.Event, server: Server, publisher: Publisher, valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(subscription, "LOADING_S", 0.05)
    publisher.publish(trades(20))
    await server.reaches(publisher)
    second = await begin_second(server, valkey)
    second.publish(trades(30))
    since = f"{publisher.id(10)}_{second.id(25)}"
    joined = await (await server.client()).join("market:realtime", {"since": since})
    assert joined.response["recovered"] is True
    await joined.count("tick", 10)
    ids = [f"{publisher.id(number)}_{second.id(25)}" for number in range(11, 21)]
    assert [tick["id"] for tick in joined.of("tick")] == ids
    other = await (await server.client()).join(
        "market:realtime", {"since": ids[4].replace(second.id(25), second.id(3))}
    )
    again = await (await server.client()).join("market:realtime", {"since": ids[4]})
    publisher.publish(trades(1))
    packed = {"since": since, "encoding": "binary", "header": 2}
    binary = await (await server.client()).join("market:realtime", packed)
    await again.count("tick", 6)
    await other.count("tick", 6)
    assert [tick["id"] for tick in again.of("tick")][:5] == ids[5:]
    gate.set()
    await other.count("tick", 6 + 27)
    await again.count("tick", 6 + 5)
    await joined.count("tick", 11 + 5)
    publisher.publish(trades(1))
    for each, of_first, of_second in ((joined, 11, 25), (again, 16, 25), (other, 16, 3)):
        await each.count("tick", 22 - of_first + 1 + 30 - of_second)
    newest = f"{publisher.id(22)}_{second.id(30)}"
    for each, begin in ((joined, 25), (again, 25), (other, 3)):
        symbols = [tick["symbol"] for tick in each.of("tick")]
        assert symbols.count("2/AAA") == 30 - begin
        assert ids_of(each, 2) == [*range(begin, 31)]
        assert each.of("tick")[-1]["id"] == newest
        assert not each.of("gap")
    await binary.until(has(12 + 5))
    assert len(records(binary)) == 12 + 5


async def test_ticks_of_a_feed_that_were_trimmed_before_it_was_loaded_are_a_gap(
    gate: asyncio.Event, server: Server, publisher: Publisher, valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(subscription, "LOADING_S", 0.05)
    second = await begin_second(server, valkey)
    second.publish(trades(30), entry_size=10)
    second.trim(11)
    since = {"since": f"{publisher.id(0)}_{second.id(3)}"}
    joined = await (await server.client()).join("market:realtime", since)
    never = await (await server.client()).join(
        "market:realtime", {"since": f"{publisher.id(0)}_{second.id(10**6)}"}
    )
    gate.set()
    await joined.count("tick", 20)
    assert joined.of("gap") == [{"from": second.id(3), "to": second.id(10)}]
    assert await never.count("gap", 1) == [{"from": second.id(10**6), "to": second.id(30)}]


def let_lag(subscription: TickSubscription, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client lag behind, as if it did not read."""
    monkeypatch.setattr(type(subscription.socket.outlet), "buffered", HIGH_WATER + 1)
    subscription._fall_behind()


async def test_a_slow_client_has_its_position_in_a_feed_that_is_loaded_again(
    gate: asyncio.Event, server: Server, publisher: Publisher, valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    gate.set()
    second = Publisher(valkey.client, feed=2)
    second.status("epoch")
    await server.reaches(second)
    second.instruments(SYMBOLS)
    live = await (await server.client()).join("market:realtime")
    slow = await (await server.client()).join("market:realtime")
    (*_, subscription) = server.market.subscriptions
    let_lag(subscription, monkeypatch)
    second.publish(trades(3))
    await live.count("tick", 3)
    before = second.id(0), second.id(3)
    gate.clear()
    second.begin_epoch()
    second.status("epoch")
    market = server.market.live
    assert market is not None
    await eventually(lambda: 2 in market.loading, "feed 2 is being loaded again")
    publisher.publish(trades(1))
    assert (await live.count("tick", 4))[-1]["id"] == f"{publisher.id(1)}_{before[1]}"
    monkeypatch.undo()
    subscription._await_turn()
    assert (await slow.count("tick", 1))[-1]["id"] == f"{publisher.id(1)}_{before[0]}"


async def test_a_slow_client_gets_all_ticks_of_a_feed_since_it_was_loaded(
    gate: asyncio.Event, server: Server, publisher: Publisher, valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """And a client that was live is told the id, which has that feed from then on."""
    second = await begin_second(server, valkey)
    live = await (await server.client()).join("market:realtime")
    slow = await (await server.client()).join("market:realtime")
    (*_, subscription) = server.market.subscriptions
    let_lag(subscription, monkeypatch)
    second.publish(trades(3))
    gate.set()
    marks = [(await joined.count("bookmark", 1))[0] for joined in (live, slow)]
    assert marks == [{"id": f"{publisher.id(0)}_{second.id(3)}"}] * 2
    second.publish(trades(4))
    await live.count("tick", 4)
    monkeypatch.undo()
    subscription._await_turn()
    assert await slow.count("tick", 4) == live.of("tick")


async def test_a_newer_layout_is_refused_with_a_sentence(valkey: Valkey, serve: Serve) -> None:
    publisher = Publisher(valkey.client)
    publisher.client.hset("meta", "layout", LAYOUT + 1)
    server = await serve(valkey.url, ready=False)
    await eventually(lambda: "layout" in (server.market.trouble() or ""), "the layout is refused")
    async with http_client() as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}/readyz")
    assert answer.status_code == 503
    assert answer.json()["why"].startswith(f"the data in Redis have layout {LAYOUT + 1}")
    with pytest.raises(InvalidStatus, match="503"):
        await server.client()
    publisher.begin_epoch()
    await eventually(lambda: server.market.trouble() is None, "an older layout is read again")


async def test_a_gap_of_a_feed_reaches_clients(both: Server, second: Publisher) -> None:
    realtime = await (await both.client()).join("market:realtime")
    second.status("gap", "the source keeps one day", DAY, DAY + 2 * SECOND)
    second.status("gap", "3 numbers are missing")
    first, other = await realtime.count("feed_gap", 2)
    bounds = {"from": DAY // 10**6, "to": DAY // 10**6 + 2000}
    assert first == {"feed": 2, "detail": "the source keeps one day", **bounds}
    assert other == {"feed": 2, "from": None, "to": None, "detail": "3 numbers are missing"}
