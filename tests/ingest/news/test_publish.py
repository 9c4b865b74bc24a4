"""Headlines written to a real Valkey."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from tests.support.eventually import TIMEOUT_S, eventually
from tickfire.base.units import NS_PER_MS
from tickfire.ingest.news.publish import SEEN_KEY, Publisher, last_headlines
from tickfire.ingest.news.symbols import Symbols
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
    NEWS_KEY,
    Headline,
    Instrument,
    instrument_field,
)


def headline(key: str) -> Headline:
    return Headline(id=key, title=f"Title {key}", source="s", published=1, received=2)


async def titles(redis: Redis) -> list[str]:
    return [one.id for one in reversed(await last_headlines(redis, 1000))]


async def test_an_entry_is_a_headline_in_msgpack(redis: Redis) -> None:
    one = msgspec.structs.replace(headline("a"), symbols=("ESU4",), url="http://x/")
    assert await Publisher(redis).publish([one]) == 1
    entries: Any = await redis.xrange(NEWS_KEY)
    ((_, fields),) = entries
    assert set(fields) == {b"d"}
    assert msgspec.msgpack.decode(fields[b"d"], type=Headline) == one


async def test_a_headline_is_written_once_across_restarts(redis: Redis) -> None:
    assert await Publisher(redis).publish([headline("a"), headline("b"), headline("a")]) == 2
    assert await Publisher(redis).publish([headline("b"), headline("c")]) == 1
    assert await titles(redis) == ["a", "b", "c"]


async def test_a_headline_with_another_id_but_the_same_link_and_title_is_the_same(
    redis: Redis,
) -> None:
    one = msgspec.structs.replace(headline("a"), url="http://x/")
    renamed = msgspec.structs.replace(one, id="b")
    corrected = msgspec.structs.replace(one, title="Corrected")
    other = msgspec.structs.replace(renamed, id="c", title="Other")
    publisher = Publisher(redis)
    counts = [await publisher.publish([each]) for each in (one, renamed, corrected, other)]
    assert counts == [1, 0, 0, 1]


async def test_concurrent_writers_write_each_headline_once(redis: Redis) -> None:
    headlines = [headline(str(n)) for n in range(50)]
    counts = await asyncio.gather(*(Publisher(redis).publish(headlines) for _ in range(4)))
    assert sum(counts) == 50
    assert sorted(await titles(redis), key=int) == [str(n) for n in range(50)]


async def test_the_stream_and_the_set_of_ids_are_bounded(redis: Redis) -> None:
    publisher = Publisher(redis, max_headlines=10, max_seen=20)
    await publisher.publish(headline(str(n)) for n in range(500))
    assert await redis.zcard(SEEN_KEY) == 20
    assert await redis.xlen(NEWS_KEY) < 300  # Redis trims the stream by whole nodes


async def next_millisecond() -> None:
    """Wait for the next millisecond: the times in the set of ids are whole milliseconds."""
    now = time.time_ns() // NS_PER_MS
    await eventually(lambda: time.time_ns() // NS_PER_MS > now, "the next millisecond")


async def test_a_headline_that_a_feed_still_lists_is_remembered(redis: Redis) -> None:
    publisher = Publisher(redis, max_seen=5)
    for n in range(30):
        await publisher.publish([headline("evergreen"), headline(str(n))])
        await next_millisecond()
    assert (await titles(redis)).count("evergreen") == 1


async def test_publishing_waits_for_an_unavailable_redis(
    valkey: EmbeddedRedis, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    publisher = Publisher(redis)
    await valkey.stop()
    writing = asyncio.create_task(publisher.publish([headline("a"), headline("b")]))
    again = EmbeddedRedis(replace(valkey.options))

    async def warned() -> bool:
        return "writing headlines failed" in caplog.text

    await eventually(warned, "a warning in the log")
    await again.start()
    try:
        assert await asyncio.wait_for(writing, TIMEOUT_S) == 2
        assert await titles(redis) == ["a", "b"]
    finally:
        await again.stop()
    assert caplog.text.count("writing headlines failed") == 1
    assert "writing headlines works again" in caplog.text


async def test_entries_that_are_not_headlines_are_skipped(redis: Redis) -> None:
    await redis.xadd(NEWS_KEY, {"x": "y"})
    await redis.xadd(NEWS_KEY, {"d": b"\xc1"})
    await Publisher(redis).publish([headline("a")])
    assert await titles(redis) == ["a"]


async def test_symbols_come_from_the_instrument_table(valkey: EmbeddedRedis, redis: Redis) -> None:
    symbols = Symbols(redis, refresh_s=0.0)
    assert await symbols.known() == frozenset()
    row = msgspec.msgpack.encode(Instrument(1, 7, "ESU4"))
    await redis.hset(INSTRUMENTS_KEY, instrument_field(1, 7), row)
    await redis.hset(INSTRUMENTS_KEY, instrument_field(1, 8), b"\xc1")
    assert await symbols.known() == {"ESU4"}
    await valkey.stop()
    assert await symbols.known() == {"ESU4"}, "those read last, while Redis is unavailable"
