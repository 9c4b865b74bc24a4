"""Headlines from the bytes of an RSS or Atom document. Pure."""

from __future__ import annotations

import calendar
import hashlib
import io
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import feedparser

from tickfire.base.units import NS_PER_S
from tickfire.ingest.news.text import plain, symbols_in
from tickfire.store.schema import Headline

MAX_ENTRIES: Final = 200
MAX_TITLE: Final = 300
MAX_SUMMARY: Final = 1000
MAX_SOURCE: Final = 80
MAX_URL: Final = 2000
FUTURE_ALLOWED_NS: Final = 24 * 3600 * NS_PER_S
"""Dates further in the future than this are taken for errors in the feed and replaced by now."""


class NotAFeed(Exception):
    """The document is not an RSS or Atom feed, or cannot be parsed."""


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
        RSS or Atom of any version. Only its first `MAX_ENTRIES` entries are read.
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
    entries = parsed.get("entries", [])[:MAX_ENTRIES]
    if not entries and not parsed.get("version"):
        raise NotAFeed("the document is neither RSS nor Atom")
    title = parsed.get("feed", {}).get("title", "")
    source = plain(str(title), MAX_SOURCE) or _host(document.url)
    found = [_headline(entry, document.url, source, now, known) for entry in entries]
    return sorted((one for one in found if one is not None), key=lambda one: one.published)


def _parse(document: Document) -> Any:
    headers = {"content-type": document.content_type, "content-location": document.url}
    try:
        # A file object, since feedparser would try bytes or str as a file name or an address.
        return feedparser.parse(io.BytesIO(document.body), response_headers=headers)
    except Exception as error:  # feedparser fails on some malformed input, in many ways
        raise NotAFeed(f"the document cannot be read ({type(error).__name__})") from error


def _headline(
    entry: Any, feed_url: str, source: str, now: int, known: Collection[str]
) -> Headline | None:
    title = plain(str(entry.get("title", "")), MAX_TITLE)
    if not title:
        return None
    summary = plain(str(entry.get("summary", "")), MAX_SUMMARY)
    link = _web_link(str(entry.get("link", "")))
    published = _published(entry, now)
    identity = _identity(str(entry.get("id", "")), link, feed_url) or f"{feed_url} {title}"
    return Headline(
        id=hashlib.blake2b(identity.encode(), digest_size=12).hexdigest(),
        title=title,
        source=source,
        published=published,
        received=now,
        summary="" if summary == title else summary,
        url=link,
        symbols=symbols_in(f"{title} {summary}", known),
    )


def _identity(guid: str, link: str, feed_url: str) -> str:
    """Return the identity of an entry, empty if it has neither guid nor link.

    A guid that is a URI is unique everywhere; any other is unique only within its feed.
    """
    if guid.startswith(("http://", "https://", "tag:", "urn:")):
        return guid
    return f"{feed_url} {guid}" if guid else link


def _web_link(link: str) -> str:
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return ""
    fits = parts.scheme in ("http", "https") and parts.netloc and len(link) <= MAX_URL
    return parts.geturl() if fits else ""


def _published(entry: Any, now: int) -> int:
    for name in ("published_parsed", "updated_parsed"):
        # dict.get, since feedparser's own `get` warns when it falls back to the other name.
        moment: time.struct_time | None = dict.get(entry, name)
        if moment is not None:
            published = calendar.timegm(moment) * NS_PER_S
            return published if 0 < published < now + FUTURE_ALLOWED_NS else now
    return now


def _host(url: str) -> str:
    return urlsplit(url).hostname or "news"
