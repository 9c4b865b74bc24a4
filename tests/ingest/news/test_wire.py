"""The simulated newswire."""

from __future__ import annotations

import asyncio
import random
import statistics
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.support.eventually import eventually
from tickfire.ingest.news import phrases
from tickfire.ingest.news.publish import Publisher, last_headlines
from tickfire.ingest.news.simulate import next_number, play
from tickfire.ingest.news.symbols import Symbols
from tickfire.ingest.news.wire import (
    SOURCE,
    is_newsworthy,
    name_of,
    story,
    story_id,
    story_number,
)
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.schema import INSTRUMENTS_KEY, Headline, Instrument

seeds = st.integers(-(2**31), 2**31)
numbers = st.integers(0, 10**6)
SYMBOLS = ["AAPL", "ESU4", "CLZ4", "ESU4-ESZ4", "UD:1V: GN 123"]


@given(seeds, numbers, st.permutations(SYMBOLS))
def test_a_headline_depends_on_seed_number_and_symbols_alone(
    seed: int, k: int, shuffled: list[str]
) -> None:
    assert story(seed, k, shuffled) == story(seed, k, set(SYMBOLS))


@given(seeds, numbers, st.sets(st.sampled_from([*SYMBOLS, "NVDA", "X", "ZNU4", "ABC"])))
def test_a_headline_is_complete_and_names_its_instrument(
    seed: int, k: int, known: set[str]
) -> None:
    told = story(seed, k, known)
    assert told.delay_s >= 0
    for text in (told.title, told.summary):
        assert text
        assert not set("{}") & set(text)
        assert text[0].isupper() or text[0] in string.digits + "$"
    assert set(told.symbols) <= {symbol for symbol in known if is_newsworthy(symbol)}
    for symbol in told.symbols:
        text = (told.title + told.summary).lower()
        assert symbol.lower() in text or name_of(symbol).lower() in text


@given(seeds, numbers)
def test_an_id_yields_its_number_for_its_own_seed_only(seed: int, k: int) -> None:
    assert story_number(seed, story_id(seed, k)) == k
    assert story_number(seed + 1, story_id(seed, k)) is None
    assert story_number(seed, "0123abc") is None


def test_delays_are_exponentially_distributed() -> None:
    delays = [story(1, k, (), 4.0).delay_s for k in range(4000)]
    assert 3.7 < statistics.mean(delays) < 4.3
    assert 3.6 < statistics.stdev(delays) < 4.4, "exponential: deviation equals mean"


def test_different_seeds_give_different_headlines() -> None:
    one, two = ([story(seed, k, SYMBOLS).title for k in range(20)] for seed in (1, 2))
    assert one != two


def test_every_kind_of_headline_occurs() -> None:
    told = [story(3, k, SYMBOLS) for k in range(500)]
    subjects = {one.symbols for one in told}
    assert subjects == {(), ("AAPL",), ("ESU4",), ("CLZ4",)}
    assert any("halted" in one.title for one in told)
    assert any("upgrades" in one.title for one in told)
    assert any("consumer prices" in one.title for one in told)


@pytest.mark.parametrize("pattern", [*phrases.STOCKS, *phrases.FUTURES, *phrases.MACRO])
def test_every_pattern_can_be_filled(pattern: phrases.Pattern) -> None:
    from tickfire.ingest.news.wire import _words

    words = _words(random.Random(1), "AAPL", "Apple")
    assert all(part.format_map(words) for part in pattern)


async def published(redis: Redis) -> list[Headline]:
    return list(reversed(await last_headlines(redis, 1000)))


async def played(redis: Redis, count: int, seed: int = 5) -> list[Headline]:
    """Play a fast newswire until the stream holds `count` headlines, and return them."""
    playing = asyncio.create_task(
        play(redis, Publisher(redis), Symbols(redis), seed=seed, mean_interval_s=0.001)
    )

    async def enough() -> bool:
        return len(await published(redis)) >= count

    await eventually(enough, f"{count} headlines")
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    return await published(redis)


async def test_a_newswire_continues_after_its_last_headline(redis: Redis) -> None:
    row = msgspec.msgpack.encode(Instrument(1, 7, "ESU4"))
    await redis.hset(INSTRUMENTS_KEY, "1:7", row)
    first = await played(redis, 10)
    both = await played(redis, len(first) + 10)
    assert [one.id for one in both] == [story_id(5, k) for k in range(len(both))]
    assert [one.title for one in both] == [story(5, k, ["ESU4"]).title for k in range(len(both))]
    assert {one.source for one in both} == {SOURCE}
    assert {one.symbols for one in both} <= {(), ("ESU4",)}


async def test_an_empty_redis_starts_at_the_first_headline(redis: Redis) -> None:
    assert await next_number(redis, 5) == 0


async def test_a_newswire_survives_a_restart_of_redis(valkey: EmbeddedRedis, redis: Redis) -> None:
    playing = asyncio.create_task(
        play(redis, Publisher(redis), Symbols(redis), seed=5, mean_interval_s=0.01)
    )

    async def any_published() -> bool:
        return bool(await published(redis))

    await eventually(any_published, "a headline")
    await valkey.stop()
    again = EmbeddedRedis(valkey.options)
    await again.start()
    try:
        await eventually(any_published, "a headline")
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await again.stop()
