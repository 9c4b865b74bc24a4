"""A feed polled from a real server into a real Valkey."""

from __future__ import annotations

import logging
import random
import re
import time

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.newsserver import NewsServer, atom, document, revalidated, rss, status
from tickfire.ingest.news.addresses import shown
from tickfire.ingest.news.metrics import NewsMetrics
from tickfire.ingest.news.poller import NewsFeed, Poller
from tickfire.ingest.news.publish import Publisher, last_headlines
from tickfire.ingest.news.schedule import Schedule
from tickfire.ingest.news.symbols import Symbols


def poller(
    url: str, http: httpx.AsyncClient, redis: Redis, metrics: NewsMetrics | None = None
) -> Poller:
    schedule, publisher = Schedule(60, random.Random(1)), Publisher(redis)
    metrics = metrics or NewsMetrics(publisher)
    return Poller(NewsFeed(url, 60), schedule, http, publisher, Symbols(redis), metrics)


async def titles(redis: Redis) -> list[str]:
    return [one.title for one in reversed(await last_headlines(redis, 1000))]


async def test_new_entries_are_published_once_each(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis
) -> None:
    one = poller(server.url("/f"), http, redis)
    server.answers["/f"] = document(rss(("a", "A")))
    assert 54 <= await one.poll() <= 66
    server.answers["/f"] = document(rss(("c", "C"), ("b", "B"), ("a", "A")))
    await one.poll()
    assert await titles(redis) == ["A", "B", "C"]


async def test_a_guid_that_comes_to_be_shared_neither_hides_nor_repeats_a_headline(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis
) -> None:
    def listing(*titles: str) -> bytes:
        body = rss(*((title, title) for title in titles))
        return re.sub(rb"(<guid[^>]*>)[^<]*", rb"\1latest", body)

    one = poller(server.url("/f"), http, redis)
    for listed in (("A",), ("B", "A"), ("D", "C", "B")):
        server.answers["/f"] = document(listing(*listed))
        await one.poll()
    assert await titles(redis) == ["A", "B", "C", "D"]


async def test_a_new_process_publishes_nothing_again(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis
) -> None:
    server.answers["/f"] = document(atom(("a", "A"), ("b", "B")), "application/atom+xml")
    await poller(server.url("/f"), http, redis).poll()
    await poller(server.url("/f"), http, redis).poll()
    assert await titles(redis) == ["A", "B"]


async def test_an_unchanged_feed_is_published_again_to_a_redis_that_lost_its_data(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis
) -> None:
    server.answers["/f"] = revalidated(rss(("a", "A")), '"1"', "Mon, 01 Jul 2024 12:00:00 GMT")
    one = poller(server.url("/f"), http, redis)
    await one.poll()
    await redis.flushall()
    await one.poll()
    assert "If-None-Match" in server.requests[-1][1]
    assert await titles(redis) == ["A"]


async def test_a_failing_feed_is_polled_less_often_and_logged_once(
    server: NewsServer,
    http: httpx.AsyncClient,
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server.answers["/f"] = status(500)
    one = poller(server.url("/f"), http, redis)
    delays = [await one.poll() for _ in range(5)]
    assert delays[0] <= 5 < delays[4]
    server.answers["/f"] = document(rss(("a", "A")))
    await one.poll()
    assert caplog.text.count("status 500") == 1
    assert "answers again" in caplog.text
    assert await titles(redis) == ["A"]


@pytest.mark.parametrize("body", [b"", b"<rss", b"<html>no</html>", b"\x00\xff" * 100])
async def test_a_document_that_is_no_feed_is_a_failure(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis, body: bytes
) -> None:
    server.answers["/f"] = document(body)
    assert await poller(server.url("/f"), http, redis).poll() <= 5
    assert await titles(redis) == []


async def test_requests_are_counted_by_result(
    server: NewsServer, http: httpx.AsyncClient, redis: Redis
) -> None:
    metrics = NewsMetrics(Publisher(redis))
    value = metrics.registry.get_sample_value
    url = server.url("/f")
    one = poller(url, http, redis, metrics)
    await one.poll()
    server.answers["/f"] = document(rss(("a", "A"), ("b", "B")))
    before = time.time()
    await one.poll()
    source = {"source": shown(url)}
    for result in ("failed", "changed"):
        assert value("tickfire_news_requests_total", {**source, "result": result}) == 1
    assert value("tickfire_news_listed_headlines", source) == 2
    assert (value("tickfire_news_answered_timestamp_seconds", source) or 0) >= before


async def test_a_title_that_no_reader_expects_ends_no_other_feed(
    server: NewsServer,
    http: httpx.AsyncClient,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    server.answers["/f"] = document(rss(("a", "A")))
    one = poller(server.url("/f"), http, redis)
    with monkeypatch.context() as patch:
        patch.setattr("tickfire.ingest.news.readers.headlines", fail)
        assert await one.poll() <= 5
    assert "the answer cannot be read (ZeroDivisionError)" in caplog.text
    await one.poll()
    assert await titles(redis) == ["A"]
