"""Requests for the headlines of a news feed or a news API."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Any, Final, Protocol

import httpx

from tickfire.ingest.news.api import NewsApi, decode_answer, items_of
from tickfire.ingest.news.feed import NotAFeed, headlines
from tickfire.ingest.news.fetch import FetchError, Validators, fetch
from tickfire.ingest.news.items import Item, headlines_of
from tickfire.ingest.news.paging import PagingError
from tickfire.store.schema import Headline

MAX_API_HEADLINES: Final = 1000

logger = logging.getLogger(__name__)


class Reader(Protocol):
    """Reader of one source of news."""

    async def read(self, known: Collection[str]) -> list[Headline] | None:
        """Request the source and return its headlines, oldest first, or None if it is unchanged.

        Parameters
        ----------
        known : collection of str
            Symbols to recognise in the text.

        Raises
        ------
        FetchError, NotAFeed
            If the request fails, or its answer cannot be read.
        """
        ...


class FeedReader:
    """Reader of an RSS or Atom feed."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http
        self._validators = Validators()

    async def read(self, known: Collection[str]) -> list[Headline] | None:
        """Request the feed; see `Reader`."""
        fetched = await fetch(self._http, self._url, self._validators)
        if fetched is None:
            return None
        document, validators = fetched
        # In a thread, since a long document can take a second to parse and would stall the others.
        found = await asyncio.to_thread(headlines, document, time.time_ns(), known)
        self._validators = validators
        return found


class ApiReader:
    """Reader of a news API, page by page until a page holds nothing new."""

    def __init__(self, api: NewsApi, http: httpx.AsyncClient) -> None:
        self._api = api
        self._http = http
        self._validators = Validators()
        self._listed: frozenset[str] = frozenset()
        """Ids of the headlines that the last poll found."""

    async def read(self, known: Collection[str]) -> list[Headline] | None:
        """Request the API; see `Reader`. If a page fails, those before it are returned."""
        first = await self._request(self._api.url, self._validators)
        if first is None:
            return None
        answer, validators = first
        items = items_of(self._api, answer)
        is_whole = await self._read_on(answer, items, known)
        found = await self._headlines(items, known)
        if is_whole:
            self._validators = validators
            self._listed = frozenset(one.id for one in found)
        return found

    async def _read_on(self, answer: Any, items: list[Item], known: Collection[str]) -> bool:
        """Add the items of the further pages, and return whether none of them failed."""
        if self._api.paging is None:
            return True
        url, page, pages = self._api.url, list(items), 1
        try:
            while await self._has_new(page, known):
                url = self._api.paging.next_page(url, answer, pages, len(items))
                fetched = await self._request(url, Validators()) if url else None
                if fetched is None:
                    break
                answer = fetched[0]
                page = items_of(self._api, answer)
                items += page
                pages += 1
        except (FetchError, NotAFeed, PagingError) as error:
            logger.warning("page %d of %s is left out: %s", pages + 1, self._api.name, error)
            return False
        return True

    async def _has_new(self, page: list[Item], known: Collection[str]) -> bool:
        return any(one.id not in self._listed for one in await self._headlines(page, known))

    async def _headlines(self, items: list[Item], known: Collection[str]) -> list[Headline]:
        return await asyncio.to_thread(
            headlines_of,
            items,
            self._api.url,
            self._api.name,
            time.time_ns(),
            known,
            limit=MAX_API_HEADLINES,
        )

    async def _request(self, url: str, validators: Validators) -> tuple[Any, Validators] | None:
        await asyncio.sleep(self._api.rate_limit.reserve(time.monotonic()))
        fetched = await fetch(self._http, url, validators, headers=self._api.headers)
        return None if fetched is None else (decode_answer(fetched[0].body), fetched[1])
