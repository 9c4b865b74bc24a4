"""Several feeds in one Redis: each with its own epoch, all in one market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.resumed import ids_of
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import BINARY_HEADER_2, LAYOUT

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
