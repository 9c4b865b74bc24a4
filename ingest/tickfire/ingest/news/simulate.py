"""Plays the simulated newswire into the stream, in real time."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from tickfire.ingest.news.publish import Publisher, last_headlines
from tickfire.ingest.news.symbols import Symbols
from tickfire.ingest.news.wire import SOURCE, Story, story, story_number
from tickfire.store.schema import Headline
from tickfire.store.store import REDIS_ERRORS, Client

LOOK_BACK: Final = 500
"""Headlines in which the last story of this wire is looked for."""

logger = logging.getLogger(__name__)


async def play(
    redis: Client,
    publisher: Publisher,
    symbols: Symbols,
    *,
    seed: int,
    mean_interval_s: float,
) -> None:
    """Publish one story after the other until cancelled, going on after the last one published."""
    k = await next_number(redis, seed)
    logger.info("simulated newswire, seed %d, from story %d", seed, k)
    while True:
        waiting = story(seed, k, (), mean_interval_s)
        await asyncio.sleep(waiting.delay_s)
        told = story(seed, k, await symbols.known(), mean_interval_s)
        await publisher.publish([_headline(told, time.time_ns())])
        k += 1


async def next_number(redis: Client, seed: int) -> int:
    """Return the number of the story to tell next."""
    try:
        published = await last_headlines(redis, LOOK_BACK)
    except REDIS_ERRORS:
        return 0
    numbers = [story_number(seed, headline.id) for headline in published]
    return max((number for number in numbers if number is not None), default=-1) + 1


def _headline(told: Story, now: int) -> Headline:
    return Headline(
        id=told.id,
        title=told.title,
        source=SOURCE,
        published=now,
        received=now,
        summary=told.summary,
        symbols=told.symbols,
    )
