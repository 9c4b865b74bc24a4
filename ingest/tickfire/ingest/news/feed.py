"""Headlines from the bytes of an RSS or Atom document."""

from __future__ import annotations

import calendar
import io
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

import feedparser

from tickfire.base.units import NS_PER_S
from tickfire.ingest.news.addresses import host_of
from tickfire.ingest.news.encoding import decode, repaired_xml
from tickfire.ingest.news.items import Item, headlines_of, readable
from tickfire.ingest.news.times import parse_time
from tickfire.store.schema import Headline

MAX_ENTRIES: Final = 200


class NotAFeed(Exception):
    """The document is not what its address is configured to return, or cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document fetched from the address of a feed.

    Attributes
    ----------
    url : str
        Its address, after redirects.
    content_type : str
        Value of the ``Content-Type`` header, empty if there is none.
    body : bytes
        The decompressed body.
    """

    url: str
    content_type: str
    body: bytes


def headlines(document: Document, now: int, known: Collection[str] = ()) -> list[Headline]:
    """Return the headlines of a feed, oldest first.

    A document that is cut off or malformed yields the entries before the error.

    Parameters
    ----------
    document : Document
        RSS or Atom of any version. Only its newest `MAX_ENTRIES` entries are returned.
    now : int
        Time of receipt in ns since the Unix epoch; also the publication time of entries without a
        plausible date.
    known : collection of str
        Symbols to recognise in titles and summaries without a ``$`` or an exchange before them.

    Raises
    ------
    NotAFeed
        If the document is something else, such as a login page or an HTML error page.
    """
    parsed = _parse(document)
    entries = parsed.get("entries", [])
    if not entries and not parsed.get("version"):
        raise NotAFeed("the document is neither RSS nor Atom")
    source = str(parsed.get("feed", {}).get("title", ""))
    items = [_item(entry, document.url) for entry in readable(entries, document.url)]
    return headlines_of(items, document.url, source, now, known, limit=MAX_ENTRIES)


def _parse(document: Document) -> Any:
    text = repaired_xml(decode(document.body, document.content_type))
    media_type = document.content_type.partition(";")[0].strip() or "application/xml"
    # Without a base address, by which feedparser would make links of guids such as "N/A".
    headers = {"content-type": f"{media_type}; charset=utf-8"}
    try:
        # A file object, since feedparser would try bytes or str as a file name or an address. Its
        # sanitizer is off, since it would remove what a title says of tags; `plain` removes markup.
        return feedparser.parse(
            io.BytesIO(text.encode(errors="replace")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser fails on some malformed input, in many ways
        raise NotAFeed(f"the document cannot be read ({type(error).__name__})") from error


def _item(entry: Any, url: str) -> Item:
    guid = str(entry.get("id", ""))
    return Item(
        title=str(entry.get("title", "")),
        summary=str(entry.get("summary", "")),
        link=_link(entry, guid, url),
        guid=guid,
        published=_published(entry, host_of(url)),
    )


def _link(entry: Any, guid: str, url: str) -> str:
    """Return the absolute link of an entry, empty if it has none but a guid that is no address."""
    link = str(entry.get("link", "")).strip()
    if link == guid.strip() and not guid.startswith(("http://", "https://", "/")):
        return ""
    try:
        return urljoin(url, link) if link else ""
    except ValueError:
        return ""


def _published(entry: Any, host: str) -> int | None:
    for name in ("published", "updated"):
        # dict.get, since feedparser's own `get` warns when it falls back to the other name.
        moment = parse_time(str(dict.get(entry, name) or ""), host)
        if moment is not None:
            return moment
        parsed: time.struct_time | None = dict.get(entry, f"{name}_parsed")
        if parsed is not None:
            return calendar.timegm(parsed) * NS_PER_S
    return None
