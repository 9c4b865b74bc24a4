"""News and the trace of the pipeline."""

from __future__ import annotations

import time

from tests.support.eventually import eventually
from tests.support.publisher import DAY, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey


async def test_headlines_of_before_and_those_that_come(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    for number in range(120):
        publisher.headline(number)
    publisher.client.xadd("news", {"d": b"not msgpack"})
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.news.latest) == 99, "the headlines are read")
    joined = await (await server.client()).join("news:headlines")
    headlines = joined.response["headlines"]
    assert headlines[-1]["id"] == "h119" and len(headlines) <= 100
    publisher.headline(120)
    (line,) = await joined.count("headline", 1)
    assert line == {
        "id": "h120",
        "title": "Title 120",
        "summary": "",
        "url": "",
        "source": "wire",
        "origin": "live",
        "published": DAY // 1_000_000 + 120_000,
        "symbols": ["AAA"],
        "sentiment": None,
    }


async def test_the_trace_stamps_each_hop(server: Server, publisher: Publisher) -> None:
    client = await server.client()
    joined = await client.join("pipeline:trace")
    assert joined.response == {"hops": ["received", "parsed", "written", "read", "encoded", "sent"]}
    before = time.time_ns()
    publisher.publish(trades(3))
    (trace,) = await joined.count("trace", 1)
    stamps = [int(trace[hop]) for hop in joined.response["hops"]]
    assert before <= stamps[0] and stamps == sorted(stamps) and stamps[-1] <= time.time_ns()
    assert trace["symbol"] == "AAA" and trace["clients"] == 1
    assert trace["id"].startswith(publisher.epoch.hex())


async def test_the_clock_of_the_server_can_be_asked(server: Server) -> None:
    client = await server.client()
    await client.join("pipeline:trace")
    before = time.time_ns()
    reply = await client.push("pipeline:trace", "clock", {}, join_ref="1")
    assert before <= int(reply["response"]["now"]) <= time.time_ns()
    assert reply["response"]["buffered"] == 0


async def test_pushes_that_nobody_expects_are_answered(server: Server) -> None:
    client = await server.client()
    topics = ("market:realtime", "market:AAA", "candles:AAA:1s", "news:headlines")
    for topic in (*topics, "pipeline:health"):
        assert (await client.join(topic)).status == "ok"
        reply = await client.push(topic, "buy", {})
        assert reply["status"] == "error"
