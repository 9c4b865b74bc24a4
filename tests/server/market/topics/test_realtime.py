"""``market:realtime`` and ``market:<SYMBOL>`` over real sockets."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.units import decimal


async def test_a_subscriber_gets_every_trade_in_order_and_no_quotes(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    joined = await client.join("market:realtime")
    assert joined.status == "ok"
    assert [row["symbol"] for row in joined.response["instruments"]] == ["AAA", "BBB"]
    sent = trades(300)
    mixed = np.concatenate([sent[:100], tick("bid"), tick("ask"), sent[100:]])
    publisher.publish(mixed, entry_size=7)
    got = await joined.count("tick", 300)
    assert [event for event, _ in joined.events] == ["tick"] * 300
    assert [tick["price"] for tick in got] == [decimal(int(price)) for price in sent["price"]]
    assert [tick["volume"] for tick in got] == sent["size"].tolist()
    assert [tick["ts_event"] for tick in got] == [str(ts) for ts in sent["ts_event"].tolist()]
    assert [tick["timestamp"] for tick in got] == (sent["ts_event"] // 1_000_000).tolist()
    assert {(tick["symbol"], tick["side"]) for tick in got} == {("AAA", "B")}
    assert len({tick["id"] for tick in got}) == 300


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
async def test_both_versions_of_the_protocol_get_the_same_ticks(
    server: Server, publisher: Publisher, vsn: str
) -> None:
    client = await server.client(vsn=vsn)
    joined = await client.join("market:realtime")
    publisher.publish(trades(3))
    got = await joined.count("tick", 3)
    assert [tick["price"] for tick in got] == ["100", "100.01", "100.02"]


async def test_a_quote_has_both_sides_and_changes_of_one_record_are_one_quote(
    server: Server, publisher: Publisher
) -> None:
    client = await server.client()
    joined = await client.join("market:AAA")
    assert joined.response["snapshot"]["bid"] is None
    bid = tick("bid", price=99 * SECOND, size=5, at=DAY + 1)
    ask = tick("ask", price=101 * SECOND, size=6, at=DAY + 2)
    publisher.publish(np.concatenate([bid, ask]))
    (quote,) = await joined.count("quote", 1)
    assert quote == {
        "symbol": "AAA",
        "bid": "99",
        "ask": "101",
        "bid_size": 5,
        "ask_size": 6,
        "timestamp": DAY // 1_000_000,
        "ts_event": str(DAY + 2),
        "id": f"{publisher.epoch.hex()}-2",
    }
    publisher.publish(np.concatenate([ask, tick(), bid, tick("clear")]))
    await joined.count("quote", 3)
    assert [event for event, _ in joined.events] == ["quote", "quote", "tick", "quote"]
    assert joined.events[-1][1]["bid"] is None and joined.events[-1][1]["ask_size"] is None
    again = await client.join("market:AAA")
    assert again.response["snapshot"]["last"] == "100"
    assert again.response["id"] == f"{publisher.epoch.hex()}-6"


@pytest.mark.parametrize("origin", [None, "live", "replay", "simulated", "elsewhere"])
async def test_the_join_reply_tells_where_the_ticks_come_from(
    publisher: Publisher, valkey: Valkey, serve: Serve, origin: str | None
) -> None:
    if origin is not None:
        publisher.client.hset("meta", "1:origin", origin)
    client = await (await serve(valkey.url)).client()
    told = None if origin == "elsewhere" else origin
    for topic in ("market:realtime", "market:AAA"):
        assert (await client.join(topic)).response["origin"] == told
