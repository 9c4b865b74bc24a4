"""News APIs that answer in JSON, and the items of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tickfire.ingest.news.addresses import host_of
from tickfire.ingest.news.feed import NotAFeed
from tickfire.ingest.news.items import Item, readable
from tickfire.ingest.news.json_path import JsonPath, text_at, texts_at
from tickfire.ingest.news.paging import Paging
from tickfire.ingest.news.rate_limit import RateLimit
from tickfire.ingest.news.times import parse_time

MAX_SYMBOL: Final = 40
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class NewsApi:
    """A news API.

    Attributes
    ----------
    url : str
        Address of the first page.
    name : str
        Source of the headlines whose items name none.
    items : JsonPath
        Place of the list of items.
    fields : mapping of str to tuple of JsonPath
        Places within an item of ``title``, ``summary``, ``link``, ``id``, ``published``,
        ``source`` and ``symbols``; of several places the first that holds anything counts.
    interval_s : float
        Polling interval in seconds.
    rate_limit : RateLimit
    headers : mapping of str to str
        They may hold a key, and are not shown.
    paging : Paging or None
    """

    url: str = field(repr=False)
    name: str
    items: JsonPath
    fields: Mapping[str, tuple[JsonPath, ...]]
    interval_s: float
    rate_limit: RateLimit
    headers: Mapping[str, str] = field(repr=False)
    paging: Paging | None


def decode_answer(body: bytes) -> Any:
    """Decode a JSON document.

    Raises
    ------
    NotAFeed
        If it is not valid JSON.
    """
    try:
        return msgspec.json.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotAFeed("the answer is not JSON") from None


def items_of(api: NewsApi, answer: Any) -> list[Item]:
    """Return the items of a decoded answer.

    Raises
    ------
    NotAFeed
        If there is no list at the place of the items.
    """
    values = api.items.values(answer)
    lists = [value for value in values if isinstance(value, list)]
    if not lists and not any(isinstance(value, dict) for value in values):
        where = f"at {api.items.text!r}" if api.items.text else "at its top"
        raise NotAFeed(f"the answer has no list {where}")
    found = lists[0] if lists else values  # a path that ends in [] leads to the items themselves
    host = host_of(api.url)
    return [
        _item(api.fields, each, host) for each in readable(found, api.url) if isinstance(each, dict)
    ]


def _item(paths: Mapping[str, tuple[JsonPath, ...]], value: Any, host: str) -> Item:
    return Item(
        title=text_at(paths["title"], value),
        summary=text_at(paths["summary"], value),
        link=text_at(paths["link"], value),
        guid=text_at(paths["id"], value),
        published=parse_time(text_at(paths["published"], value), host),
        source=text_at(paths["source"], value),
        symbols=_symbols(texts_at(paths["symbols"], value)),
    )


def _symbols(texts: list[str]) -> tuple[str, ...]:
    """Return symbols that are written one or, with commas between, several in a text."""
    names = [name.strip().lstrip("$") for text in texts for name in text.split(",")]
    return tuple(name for name in names if 0 < len(name) <= MAX_SYMBOL)
