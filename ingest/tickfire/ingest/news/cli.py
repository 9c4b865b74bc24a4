"""Command ``tickfire news``."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import random
import re
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tickfire.base.attended import attended
from tickfire.base.endpoint import Endpoint, endpoint_of, endpoint_options
from tickfire.base.errors import UsageError
from tickfire.base.finite import FiniteRange
from tickfire.base.run import until_stopped
from tickfire.ingest.news.addresses import is_web_address, shown
from tickfire.ingest.news.api import NewsApi
from tickfire.ingest.news.api_file import read_apis
from tickfire.ingest.news.fetch import client
from tickfire.ingest.news.metrics import NewsMetrics
from tickfire.ingest.news.poller import NewsFeed, Poller
from tickfire.ingest.news.publish import Publisher
from tickfire.ingest.news.schedule import DEFAULT_INTERVAL_S, MIN_INTERVAL_S, Schedule
from tickfire.ingest.news.simulate import play
from tickfire.ingest.news.symbols import Symbols
from tickfire.ingest.news.wire import DEFAULT_MEAN_INTERVAL_S
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.options import redis_url_option
from tickfire.store.store import Store

_BETWEEN_FEEDS = re.compile(r"\s+|,(?=https?://)")

logger = logging.getLogger(__name__)


class _Feeds(click.types.StringParamType):
    """Address of an option that may be repeated; in a variable, white space or a comma separates.

    A comma may be part of an address, so it separates only before another address.
    """

    def split_envvar_value(self, rv: str) -> list[str]:
        return [part for part in _BETWEEN_FEEDS.split(rv.strip()) if part]


@click.command()
@click.option(
    "--feed",
    "feeds",
    envvar="NEWS_FEEDS",
    show_envvar=True,
    multiple=True,
    type=_Feeds(),
    metavar="URL[|SECONDS]",
    help="RSS or Atom feed and, optionally, its polling interval. Repeatable.",
)
@click.option(
    "--apis",
    envvar="NEWS_APIS",
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file of news APIs that answer in JSON.",
)
@click.option(
    "--interval",
    envvar="TICKFIRE_NEWS_INTERVAL",
    show_envvar=True,
    type=FiniteRange(min=MIN_INTERVAL_S),
    default=DEFAULT_INTERVAL_S,
    show_default=True,
    help="Polling interval, in seconds, of the feeds that have none of their own.",
)
@click.option(
    "--simulate",
    envvar="TICKFIRE_NEWS_SIMULATE",
    show_envvar=True,
    is_flag=True,
    help="Simulate news about the known instruments.",
)
@click.option(
    "--seed",
    envvar="TICKFIRE_NEWS_SEED",
    show_envvar=True,
    default=0,
    show_default=True,
    help="Seed of the simulated newswire.",
)
@click.option(
    "--every",
    envvar="TICKFIRE_NEWS_EVERY",
    show_envvar=True,
    type=FiniteRange(min=0, min_open=True),
    default=DEFAULT_MEAN_INTERVAL_S,
    show_default=True,
    help="Mean time between simulated headlines, in seconds.",
)
@redis_url_option
@endpoint_options("news")
@click.pass_context
def news(
    context: click.Context,
    /,
    feeds: tuple[str, ...],
    apis: Path | None,
    interval: float,
    simulate: bool,
    seed: int,
    every: float,
    redis_url: str,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Write headlines from news feeds, news APIs or a simulated newswire to stream `news`."""
    sources: list[NewsFeed | NewsApi] = []
    if not simulate or context.get_parameter_source("feeds") is not ParameterSource.ENVIRONMENT:
        sources += [parse_feed(text, interval) for text in feeds]
    if apis is not None:
        sources += read_apis(apis, os.environ)
    if not sources and not simulate:
        raise UsageError(
            "there is no news to read; give --feed URL, --apis FILE or --simulate, or set "
            "NEWS_FEEDS or NEWS_APIS."
        )
    endpoint = endpoint_of(metrics_host, metrics_port)
    playing = seed if simulate else None
    asyncio.run(until_stopped(_run(redis_url, sources, playing, every, endpoint)))


def parse_feed(text: str, interval_s: float) -> NewsFeed:
    """Parse a feed given as ``URL`` or ``URL|SECONDS``.

    Parameters
    ----------
    text : str
    interval_s : float
        Polling interval, in seconds, if `text` has none.

    Raises
    ------
    UsageError
        If the address is not an HTTP address, or the interval is not a number of seconds of at
        least `MIN_INTERVAL_S`.
    """
    url, _, seconds = text.partition("|")
    if not is_web_address(url):
        raise UsageError(f"{shown(url)} is not the web address of a feed; write https://HOST/PATH.")
    try:
        every = float(seconds) if seconds else interval_s
    except ValueError:
        every = 0.0
    if not MIN_INTERVAL_S <= every < float("inf"):
        raise UsageError(
            f"{shown(url)} has no valid polling interval; write URL|SECONDS, "
            f"{MIN_INTERVAL_S:g} or more."
        )
    return NewsFeed(url, every)


async def _run(
    redis_url: str,
    feeds: Sequence[NewsFeed | NewsApi],
    seed: int | None,
    every: float,
    endpoint: Endpoint | None,
) -> None:
    async with await Store.open(redis_url, patience_s=math.inf) as store, client() as http:
        publisher, symbols = Publisher(store.client), Symbols(store.client)
        metrics = NewsMetrics(publisher)
        jobs = [metrics.loop_lag.run()]
        for feed in feeds:
            schedule = Schedule(feed.interval_s, random.Random())
            jobs.append(Poller(feed, schedule, http, publisher, symbols, metrics).run())
        if seed is not None:
            jobs.append(play(store.client, publisher, symbols, seed=seed, mean_interval_s=every))
        jobs.append(Heartbeat(store, "news", lambda: {"headlines": publisher.written}).run())
        if feeds:
            logger.info("reading %d news feeds and APIs", len(feeds))
        async with attended(metrics.registry, endpoint):
            await _all(jobs)


async def _all(jobs: Sequence[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(job)
