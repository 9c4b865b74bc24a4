"""Candles, news, signals, books and answers of a market."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.client import Book, Candle, JoinRefusedError, Market, Reset
from tickfire.client import sync as blocking
from tickfire.client.market.candles import candles_of
from tickfire.client.market.latest import BookStream
from tickfire.models.records import SIGNALS_KEY, Signal

WITHIN_S = 60.0


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def soon(_: int) -> float:
    return 0.02


async def test_candles_are_history_and_then_changes(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(1_000))
    await server.reaches(publisher)
    stream = Market(url(server)).candles("AAA", "1s", limit=50)
    got: list[Candle] = []
    reading = asyncio.create_task(_collect(stream, got))
    await eventually(lambda: len(got) == 50, "the history")
    assert [candle.closed for candle in got] == [True] * 49 + [False]
    publisher.publish(trades(20, start=DAY + 100 * SECOND))
    await eventually(lambda: got[-1].time == (DAY + 101 * SECOND) // 10**6, "new bars")
    reading.cancel()
    closed = [candle.time for candle in got if candle.closed]
    assert closed == sorted(set(closed)), "no bar is closed twice"


async def test_candles_have_no_hole_after_a_restart(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(100))
    server = await serve(valkey.url)
    market = Market(url(server), reconnect_after_s=soon, rejoin_after_s=soon)
    stream = market.candles("AAA", "1s", limit=5)
    got: list[Candle] = []
    reading = asyncio.create_task(_collect(stream, got))
    await eventually(lambda: len(got) == 5, "the history")
    await server.stop()
    publisher.publish(trades(400, start=DAY + 10 * SECOND))
    server = await serve(valkey.url, port=server.port)
    last = (DAY + 49 * SECOND) // 10**6
    await eventually(lambda: got[-1].time == last, "the newest bar")
    reading.cancel()
    starts = list(dict.fromkeys(candle.time for candle in got))
    assert starts == list(range(starts[0], last + 1, 1000))


async def test_a_new_epoch_resets_the_candles(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(100))
    await server.reaches(publisher)
    stream = Market(url(server)).candles("AAA", "1s", notices=True)
    got: list[Any] = []
    reading = asyncio.create_task(_collect(stream, got))
    await eventually(lambda: len(got) == 10, "the history")
    publisher.begin_epoch()
    publisher.instruments({1: "AAA", 2: "BBB"})
    publisher.status("epoch")
    publisher.publish(trades(30))
    await eventually(lambda: any(isinstance(item, Reset) for item in got), "the reset")
    reading.cancel()


async def test_history_is_fetched_page_by_page(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(70_000), bars=True)
    await server.reaches(publisher)
    market = Market(url(server))
    candles = await market.history("AAA", "1s", limit=6_000)
    assert len(candles) == 6_000
    assert [b.time - a.time for a, b in pairwise(candles)] == [1000] * 5_999
    older = await market.history("AAA", "1s", limit=10, before=candles[0].time)
    assert older[-1].time == candles[0].time - 1000


async def test_news_are_not_repeated_after_a_restart(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(1))
    publisher.headline(1)
    server = await serve(valkey.url)
    market = Market(url(server), reconnect_after_s=soon, rejoin_after_s=soon)
    got: list[Any] = []
    reading = asyncio.create_task(_collect(market.news(), got))
    await eventually(lambda: len(got) == 1, "the latest")
    await server.stop()
    publisher.headline(2)
    server = await serve(valkey.url, port=server.port)
    await eventually(lambda: len(got) == 2, "the other headline")
    publisher.headline(3)
    await eventually(lambda: len(got) == 3, "a live headline")
    reading.cancel()
    assert [headline.title for headline in got] == ["Title 1", "Title 2", "Title 3"]


async def test_signals_are_not_repeated_after_a_restart(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    def say(name: str, score: float) -> None:
        signal = Signal("signal", "AAA", DAY, {"score": score}, "m/1", 1, id=name)
        valkey.client.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})

    publisher.publish(trades(1))
    say("one", 1.0)
    server = await serve(valkey.url)
    market = Market(url(server), reconnect_after_s=soon, rejoin_after_s=soon)
    got: list[Any] = []
    reading = asyncio.create_task(_collect(market.signals(), got))
    await eventually(lambda: len(got) == 1, "the latest")
    await server.stop()
    valkey.client.delete(SIGNALS_KEY)
    say("one", 1.01)  # made again after a failover, by a model that has learnt from fewer ticks
    say("two", 2.0)
    server = await serve(valkey.url, port=server.port)
    await eventually(lambda: len(got) == 2, "the other signal")
    reading.cancel()
    assert [(signal.id, signal.detail) for signal in got] == [
        ("one", {"score": 1.0}),
        ("two", {"score": 2.0}),
    ]


async def test_signals_and_quotes_and_instruments(publisher: Publisher, server: Server) -> None:
    async with Market(url(server)) as market:
        assert await market.signals().take(1, timeout_s=0.1) == []
        instruments = await market.instruments()
        assert [each.symbol for each in instruments] == ["AAA", "BBB"]
        assert instruments.to_polars().shape[0] == 2
        assert await market.book("AAA").take(1, timeout_s=0.1) == []
        with pytest.raises(JoinRefusedError, match="unknown symbol"):
            await market.book("NONE").take(1, WITHIN_S)
        with pytest.raises(JoinRefusedError, match="unknown interval"):
            await market.history("AAA", "2m")


def test_a_book_is_decoded() -> None:
    payload = {
        "symbol": "AAA", "bids": [["5524.25", 3, 1]], "asks": [], "publishers": [1],
        "unsynced": False, "crossed": False, "timestamp": 1, "ts_event": "1000000",
    }  # fmt: skip
    got: list[Book] = []
    stream = BookStream(None, "book:AAA")  # type: ignore[arg-type]
    stream._put = lambda item, weight=1: got.append(item)  # type: ignore[method-assign]
    stream._join({"symbol": "AAA", "book": payload})
    assert str(got[0].bids[0].price) == "5524.25"
    assert json.loads(msgspec.json.encode(got[0].bids)) == [["5524.25", 3, 1]]
    assert candles_of([], "AAA", "1m") == []


async def test_the_same_without_async(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(100))

    def use() -> list[Any]:
        with blocking.Market(url(server)) as market:
            ticks = []
            for tick in market.ticks(since=start):
                ticks.append(tick.id)
                if len(ticks) == 100:
                    break
            assert [each.symbol for each in market.instruments()] == ["AAA", "BBB"]
            assert len(market.history("AAA", "1s")) == 10
            assert len(market.candles("AAA", "1s").take(10, WITHIN_S)) == 10
            with pytest.raises(JoinRefusedError):
                market.ticks(symbols=["NONE"]).take(1)
            return ticks

    assert await asyncio.to_thread(use) == [publisher.id(n) for n in range(1, 101)]


async def _collect(stream: Any, into: list[Any]) -> None:
    async for chunk in stream.chunks():
        into.extend(chunk)
