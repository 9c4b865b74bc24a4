"""Streams that are read in several iterations: each goes on where the one before ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.client import Market, PushRefusedError
from tickfire.client import sync as blocking
from tickfire.client.market import market as market_module
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.quotas import Quotas

WITHIN_S = 60.0


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def ids(publisher: Publisher, count: int) -> list[str]:
    return [publisher.id(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("is_kept", [True, False])
async def test_takes_follow_each_other(publisher: Publisher, server: Server, is_kept: bool) -> None:
    start = publisher.id(0)
    publisher.publish(trades(60), entry_size=5)
    market = Market(url(server))
    if is_kept:
        await market.__aenter__()
    stream = market.ticks(since=start)
    ticks = [tick for _ in range(20) for tick in await stream.take(3, WITHIN_S)]
    await market.close()
    assert [tick.id for tick in ticks] == ids(publisher, 60)
    assert stream.gaps == []


async def test_loops_that_are_left_follow_each_other(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(30), entry_size=5)
    stream = Market(url(server)).ticks(since=start)
    got: list[str] = []
    async with asyncio.timeout(WITHIN_S):
        while len(got) < 30:
            async for tick in stream:
                got.append(tick.id)
                if len(got) % 4 == 0 or len(got) == 30:
                    break
    assert got == ids(publisher, 30)


async def test_two_iterations_at_once_raise(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(3))
    stream = Market(url(server)).ticks(since=start)
    first = aiter(stream)
    await anext(first)
    with pytest.raises(RuntimeError, match="is being iterated over already"):
        await anext(aiter(stream))
    await first.aclose()
    assert [tick.id for tick in await stream.take(2, WITHIN_S)] == ids(publisher, 3)[1:]


def read_four(stream: blocking.Stream[Any], got: list[str]) -> None:
    for tick in stream:
        got.append(tick.id)
        if len(got) % 4 == 0 or len(got) == 30:
            break


def read_chunk(stream: blocking.Stream[Any], got: list[str]) -> None:
    for chunk in stream.chunks():
        got += [tick.id for tick in chunk]
        break


@pytest.mark.parametrize("read_some", [read_four, read_chunk])
async def test_loops_without_asyncio_follow_each_other(
    publisher: Publisher, server: Server, read_some: Callable[[Any, list[str]], None]
) -> None:
    start = publisher.id(0)
    publisher.publish(trades(30), entry_size=5)

    def read() -> list[str]:
        got: list[str] = []
        with blocking.Market(url(server)) as market:
            stream = market.ticks(since=start)
            while len(got) < 30:
                read_some(stream, got)
            assert (stream.topic, stream.id) == ("market:realtime", publisher.id(30))
            assert market.news().id is None
        return got

    assert await asyncio.to_thread(read) == ids(publisher, 30)


async def test_a_cancelled_take_gives_back_its_ticks(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(5))
    stream = Market(url(server)).ticks(since=start)
    taking = asyncio.create_task(stream.take(6))
    await eventually(lambda: stream.id == publisher.id(5), "all ticks have arrived")
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert [tick.id for tick in await stream.take(5, WITHIN_S)] == ids(publisher, 5)


async def test_a_timeout_of_the_token_is_not_that_of_take(server: Server) -> None:
    def token() -> str:
        raise TimeoutError("the issuer does not answer")

    with pytest.raises(TimeoutError, match="the issuer does not answer"):
        await Market(url(server), token).ticks().take(1, WITHIN_S)


async def test_counts_of_take(publisher: Publisher, server: Server) -> None:
    stream = Market(url(server)).ticks(since=publisher.id(0))
    assert await stream.take(0) == []
    with pytest.raises(ValueError, match="count must be 0 or more, not -1"):
        await stream.take(-1)


async def test_the_rest_of_a_history_follows(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(300))
    await server.reaches(publisher)
    for number in range(4):
        publisher.headline(number)
    market = Market(url(server))
    bars = market.candles("AAA", "1s", limit=30)
    times = [bar.time for _ in range(3) for bar in await bars.take(10, WITHIN_S)]
    assert times == [(DAY + second * SECOND) // 10**6 for second in range(30)]
    news = market.news()
    found = [headline.id for _ in range(2) for headline in await news.take(2, WITHIN_S)]
    assert len(set(found)) == 4


async def test_a_history_beyond_the_quota_goes_on_when_it_may(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_module, "MAX_LIMIT", 10)
    publisher.publish(trades(500))
    quotas = Quotas(replays=Rate(1, 2))
    server = await serve(valkey.url, limits=Limits(quotas=quotas))
    await server.reaches(publisher)
    async with Market(url(server)) as market:
        bars = await market.history("AAA", "1s", 40)
    assert [bar.time for bar in bars] == [(DAY + n * SECOND) // 10**6 for n in range(10, 50)]
    assert server.admission.refusals.counts["replays"] > 0


async def test_a_topic_is_left_if_its_history_fails(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(30))
    async with Market(url(server)) as market:
        wrong: Any = "yesterday"
        with pytest.raises(PushRefusedError):
            await market.history("AAA", "1s", before=wrong)
        await eventually(lambda: not market.socket._channels, "no topic is left behind")
