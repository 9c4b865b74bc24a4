"""Polling of a news feed or a news API, and publication of its new headlines."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import httpx

from tickfire.ingest.news.addresses import shown
from tickfire.ingest.news.api import NewsApi
from tickfire.ingest.news.feed import NotAFeed
from tickfire.ingest.news.fetch import FetchError
from tickfire.ingest.news.metrics import NewsMetrics
from tickfire.ingest.news.publish import Publisher
from tickfire.ingest.news.readers import ApiReader, FeedReader, Reader
from tickfire.ingest.news.schedule import DEFAULT_INTERVAL_S, Schedule
from tickfire.ingest.news.symbols import Symbols
from tickfire.store.schema import Headline

_LOG_AGAIN_AFTER: Final = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewsFeed:
    """A news feed.

    Attributes
    ----------
    url : str
    interval_s : float
        Polling interval in seconds.
    """

    url: str
    interval_s: float = DEFAULT_INTERVAL_S


class Poller:
    """A loop that polls one feed or API and publishes its headlines.

    Each poll passes every headline of the feed to the publisher, which skips those that it has
    published before, even if the feed is unchanged. So the headlines return to a Redis that lost
    its data without waiting for a change of the feed.

    Parameters
    ----------
    feed : NewsFeed or NewsApi
    schedule : Schedule
        The delays between requests.
    http : httpx.AsyncClient
    publisher : Publisher
    symbols : Symbols
        The known symbols, to recognise in the text.
    metrics : NewsMetrics
    """

    def __init__(
        self,
        feed: NewsFeed | NewsApi,
        schedule: Schedule,
        http: httpx.AsyncClient,
        publisher: Publisher,
        symbols: Symbols,
        metrics: NewsMetrics,
    ) -> None:
        self.feed = feed
        self._metrics = metrics
        self._schedule = schedule
        self._publisher = publisher
        self._symbols = symbols
        self._name = shown(feed.url)
        self._reader: Reader = (
            ApiReader(feed, http) if isinstance(feed, NewsApi) else FeedReader(feed.url, http)
        )
        self._listed: list[Headline] = []

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            delay_s = await self.poll()
            await asyncio.sleep(delay_s)

    async def poll(self) -> float:
        """Request the feed, publish its headlines and return the delay until the next, in s."""
        try:
            changed = await self._request()
        except (FetchError, NotAFeed) as error:
            self._log_failure(error)
            self._metrics.failed(self._name)
            delay = self._schedule.failed(getattr(error, "retry_after_s", 0.0))
        else:
            if self._schedule.failures:
                logger.info("%s answers again", self._name)
            delay = self._schedule.succeeded()
            self._metrics.answered(self._name, len(self._listed), changed=changed)
            logger.debug("%s: %s", self._name, "changed" if changed else "unchanged")
        new = await self._publisher.publish(self._listed)
        if new:
            logger.info("%d new headlines from %s", new, self._name)
        return delay

    async def _request(self) -> bool:
        """Request the feed and return whether it has changed."""
        known = await self._symbols.known()
        try:
            found = await self._reader.read(known)
        except (FetchError, NotAFeed):
            raise
        except Exception as error:  # one source that cannot be read must not end the others
            logger.exception("%s: reading failed", self._name)
            raise NotAFeed(f"the answer cannot be read ({type(error).__name__})") from error
        if found is not None:
            self._listed = found
        return found is not None

    def _log_failure(self, error: Exception) -> None:
        if self._schedule.failures % _LOG_AGAIN_AFTER == 0:
            logger.warning("%s: %s; trying again later", self._name, error)
