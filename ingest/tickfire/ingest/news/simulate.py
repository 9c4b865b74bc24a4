"""Publication of the simulated newswire in real time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Final

from tickfire.ingest.news.publish import Publisher, last_headlines
from tickfire.ingest.news.symbols import Symbols
from tickfire.ingest.news.wire import SOURCE, Story, story, story_number
from tickfire.store.schema import SIMULATED, Headline
from tickfire.store.store import Client, until_done

LOOK_BACK: Final = 500
"""Number of newest headlines that are searched for the last one of this newswire."""
OFFERED_AGAIN: Final = 20
"""Number of newest headlines that are offered with each new one, as a news feed lists its own: one
that a failover of Redis has lost is written again."""

logger = logging.getLogger(__name__)


async def play(
    redis: Client,
    publisher: Publisher,
    symbols: Symbols,
    *,
    seed: int,
    mean_interval_s: float,
) -> None:
    """Publish simulated headlines until cancelled, continuing after the last one in the stream.

    Parameters
    ----------
    redis : Redis or RedisCluster
    publisher : Publisher
    symbols : Symbols
        The instruments that the headlines are about.
    seed : int
    mean_interval_s : float
        Mean time between headlines, in seconds.
    """
    k = await until_done(lambda: next_number(redis, seed), "reading the newest headlines", logger)
    offered: deque[Headline] = deque(maxlen=OFFERED_AGAIN)
    logger.info("simulated newswire with seed %d, from headline %d", seed, k)
    while True:
        waiting = story(seed, k, (), mean_interval_s)
        await asyncio.sleep(waiting.delay_s)
        told = story(seed, k, await symbols.known(), mean_interval_s)
        offered.append(_headline(told, time.time_ns()))
        await publisher.publish(offered)
        k += 1


async def next_number(redis: Client, seed: int) -> int:
    """Return the number of the next headline; 0 if none is published.

    Raises
    ------
    REDIS_ERRORS
        Redis does not answer, or answers with an error.
    """
    published = await last_headlines(redis, LOOK_BACK)
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
        origin=SIMULATED,
    )
