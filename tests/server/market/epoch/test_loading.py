"""Clients that join, resume or lag behind while a feed is being loaded."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.resumed import has, ids_of, records
from tests.support.server import Server
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.feed import LiveFeed
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks import subscription
from tickfire.server.market.ticks.subscription import HIGH_WATER, TickSubscription
from tickfire.store.schema import Stream

SYMBOLS = {1: "AAA", 2: "BBB"}


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
