"""The models' results at the client: sentiment of headlines, and the signal topics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.support.eventually import eventually
from tests.support.house import listening
from tests.support.publisher import DAY, SECOND, Publisher
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.models.infer.service import Infer, InferConfig
from tickfire.models.records import SENTIMENT_KEY, SIGNALS_KEY, Sentiment, Signal
from tickfire.server.market.topics import news
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Store


def tell(valkey: Valkey, identity: str, title: str = "Title") -> bytes:
    headline = Headline(identity, title, "wire", DAY, DAY, symbols=("AAA",))
    number: bytes = valkey.client.xadd(NEWS_KEY, {"d": msgspec.msgpack.encode(headline)})
    return number


def judge(valkey: Valkey, number: bytes, identity: str, label: str = "bullish") -> None:
    found = Sentiment(
        *(identity, label, (0.1, 0.2, 0.7), False, (("up", 1.5),), ("AAA", "BBB"), "sentiment/1")
    )
    valkey.client.xadd(SENTIMENT_KEY, {"d": msgspec.msgpack.encode(found)}, id=number)


def say(valkey: Valkey, event: str, symbol: str, number: int = 0, name: str = "") -> bytes:
    detail = {"score": 4.5, "number": number}
    signal = Signal(event, symbol, DAY + SECOND, detail, "m/1", 17, id=name)
    entry: bytes = valkey.client.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})
    return entry


JUDGED = {
    "label": "bullish",
    "score": 0.6,
    "probabilities": {"bearish": 0.1, "neutral": 0.2, "bullish": 0.7},
    "abstained": False,
    "words": [["up", 1.5]],
    "model": "sentiment/1",
}


async def test_headlines_of_before_carry_their_sentiment(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    judge(valkey, tell(valkey, "a"), "a")
    tell(valkey, "b")
    valkey.client.xadd(SENTIMENT_KEY, {"d": b"not msgpack"})
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.news.latest) == 2, "the headlines are read")
    joined = await (await server.client()).join("news:headlines")
    a, b = joined.response["headlines"]
    assert (a["id"], a["sentiment"], a["symbols"]) == ("a", JUDGED, ["AAA", "BBB"])
    assert (b["id"], b["sentiment"], b["symbols"]) == ("b", None, ["AAA"])


async def test_a_headline_waits_for_its_sentiment_and_goes_out_once(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "HOLD_S", 30.0)
    judge(valkey, tell(valkey, "a"), "a")
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.news.latest) == 1, "the headline is read")
    joined = await (await server.client()).join("news:headlines")
    judge(valkey, tell(valkey, "b"), "b")
    judge(valkey, tell(valkey, "c"), "c", "bearish")
    b, c = await joined.count("headline", 2)
    assert (b["id"], b["sentiment"]["label"]) == ("b", "bullish")
    assert (c["id"], c["sentiment"]["label"]) == ("c", "bearish")


async def test_a_headline_without_sentiment_is_not_kept_back_for_long(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    judge(valkey, tell(valkey, "a"), "a")
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.news.latest) == 1, "the headline is read")
    joined = await (await server.client()).join("news:headlines")
    number = tell(valkey, "b")
    (bare,) = await joined.count("headline", 1)
    assert (bare["id"], bare["sentiment"]) == ("b", None)
    judge(valkey, number, "b")
    _, again = await joined.count("headline", 2)
    assert (again["id"], again["sentiment"]) == ("b", JUDGED)
    assert [one["id"] for one in server.market.news.latest] == ["a", "b"]


async def test_a_sentiment_may_be_read_before_its_headline(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "HOLD_S", 30.0)
    server = await serve(valkey.url)
    joined = await (await server.client()).join("news:headlines")
    for number in range(150):
        judge(valkey, b"9999999999999-%d" % number, f"h{number}")
    await eventually(lambda: b"9999999999999-149" in server.market.news._early, "all are read")
    packed = msgspec.msgpack.encode(Headline("h149", "Title", "wire", DAY, DAY))
    valkey.client.xadd(NEWS_KEY, {"d": packed}, id=b"9999999999999-149")
    (line,) = await joined.count("headline", 1)
    assert (line["id"], line["sentiment"]) == ("h149", JUDGED)
    assert len(server.market.news._early) < 100


async def test_a_headline_that_is_written_again_goes_out_once(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url)
    joined = await (await server.client()).join("news:headlines")
    first = tell(valkey, "a")
    await joined.count("headline", 1)
    valkey.client.xdel(NEWS_KEY, first)  # as a failover may
    again = tell(valkey, "a")
    judge(valkey, again, "a")
    await joined.until(lambda one: one.of("headline")[-1]["sentiment"] == JUDGED)
    judge(valkey, tell(valkey, "b"), "b")
    await joined.until(lambda one: one.of("headline")[-1]["id"] == "b")
    lines = [(line["id"], line["sentiment"]) for line in joined.of("headline")]
    assert lines[:2] == [("a", None), ("a", JUDGED)] and {name for name, _ in lines[2:]} == {"b"}
    assert [one["id"] for one in server.market.news.latest] == ["a", "b"]


async def test_where_nobody_scores_no_headline_waits(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url)
    joined = await (await server.client()).join("news:headlines")
    for number in range(250):
        tell(valkey, f"h{number}")
    lines = await joined.count("headline", 250)
    assert [line["id"] for line in lines] == [f"h{number}" for number in range(250)]
    assert len(server.market.news._by_entry) <= 250 and not server.market.news._held


async def test_signals_of_one_symbol_and_of_all(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    first = say(valkey, "pattern", "AAA", 1)
    say(valkey, "anomaly", "BBB", 2)
    say(valkey, "nonsense", "AAA")
    valkey.client.xadd(SIGNALS_KEY, {"d": b"not msgpack"})
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.signals.latest("signals:all")) == 2, "read")
    client = await server.client()
    of_all = await client.join("signals:all")
    of_one = await client.join("signals:AAA")
    of_none = await client.join("signals:ZZZ")
    payload = {
        "id": first.decode(),
        "symbol": "AAA",
        "timestamp": DAY // 1_000_000 + 1000,
        "model": "m/1",
        "score": 4.5,
        "number": 1,
    }
    assert of_one.response == {"signals": [{"event": "pattern", **payload}]}
    assert [one["number"] for one in of_all.response["signals"]] == [1, 2]
    assert of_none.response == {"signals": []}
    last = say(valkey, "signal", "AAA", 3)
    say(valkey, "anomaly", "BBB", 4)
    (signal,) = await of_one.count("signal", 1)
    assert signal == {**payload, "id": last.decode(), "number": 3}
    assert (await of_all.count("signal", 1))[0] == signal
    assert (await of_all.count("anomaly", 1))[0]["number"] == 4
    assert (await client.join("signals:")).response == {"reason": "unknown symbol"}
    reply = await client.push("signals:all", "buy", {})
    assert reply["status"] == "error"


async def test_signals_by_the_number_of_the_feed(
    publisher: Publisher, valkey: Valkey, server: Server
) -> None:
    say(valkey, "pattern", "AAA", 1)
    await eventually(lambda: bool(server.market.signals.latest("signals:all")), "read")
    client = await server.client()
    joined = await client.join(f"signals:{publisher.feed}/AAA")
    (first,) = joined.response["signals"]
    assert (first["symbol"], first["number"]) == ("AAA", 1)
    other = await client.join(f"signals:{publisher.feed + 1}/AAA")
    assert other.response == {"signals": []}
    say(valkey, "signal", "AAA", 2)
    assert (await joined.count("signal", 1))[0]["number"] == 2


async def test_the_newest_signals_are_kept_and_no_more(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url)
    joined = await (await server.client()).join("signals:all")
    for number in range(150):
        say(valkey, "pattern", "AAA", number)
    await joined.count("pattern", 150)
    kept = server.market.signals.latest("signals:AAA")
    assert [one["number"] for one in kept] == list(range(50, 150))


async def test_a_signal_that_is_made_again_goes_out_once(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    say(valkey, "signal", "AAA", 1, "one")
    server = await serve(valkey.url)
    await eventually(lambda: len(server.market.signals.latest("signals:all")) == 1, "it is read")
    joined = await (await server.client()).join("signals:all")
    for number, name in ((1, "one"), (2, "two"), (2, "two"), (3, "three")):
        say(valkey, "signal", "AAA", number, name)
    await joined.until(lambda one: any(each["number"] == 3 for each in one.of("signal")))
    assert [each["id"] for each in joined.of("signal")] == ["two", "three"]
    kept = server.market.signals.latest("signals:AAA")
    assert [each["id"] for each in kept] == ["one", "two", "three"]


@contextlib.asynccontextmanager
async def inferring(valkey: Valkey) -> AsyncIterator[None]:
    store = await Store.open(valkey.url)
    task = asyncio.create_task(Infer(InferConfig(models=()), store).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def test_a_headline_reaches_a_stock_client_with_its_sentiment(
    server: Server, valkey: Valkey
) -> None:
    """From the stream `news` through inference and server to phoenix.js, all of it real."""
    async with inferring(valkey):
        tell(valkey, "first", "To make it known that headlines are scored")
        await eventually(lambda: bool(server.market.news._scored), "the first is scored")
        async with listening(server.socket, "news:headlines", {}, "headline") as listener:
            await listener.reply()
            tell(valkey, "hot", "Microsoft beats expectations, shares surge 5%")
            while True:
                (line,) = await listener.events("headline", 1)
                if line["id"] == "hot" and line["sentiment"] is not None:
                    break
    assert line["sentiment"]["label"] == "bullish" and not line["sentiment"]["abstained"]
    assert abs(sum(line["sentiment"]["probabilities"].values()) - 1) < 1e-3
    assert line["sentiment"]["words"]
