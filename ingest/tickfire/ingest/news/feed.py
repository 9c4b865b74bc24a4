"""From the bytes of an RSS or Atom document to headlines. Pure."""

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

from tickfire.ingest.news.text import plain, symbols_in
from tickfire.store.schema import Headline

MAX_ENTRIES: Final = 200
MAX_TITLE: Final = 300
MAX_SUMMARY: Final = 1000
MAX_SOURCE: Final = 80
MAX_URL: Final = 2000
NS: Final = 1_000_000_000
FUTURE_ALLOWED_NS: Final = 24 * 3600 * NS
"""A later date than this from now is a mistake of the feed's."""


class NotAFeed(Exception):
    """The document holds no entries and does not look like a feed."""


@dataclass(frozen=True, slots=True)
class Document:
    """The response of a feed's address.

    Attributes
    ----------
    url : str
        Where it came from, after redirects.
    content_type : str
        As the server said.
    body : bytes
        Decompressed.
    """

    url: str
    content_type: str
    body: bytes


def headlines(document: Document, now: int, known: Collection[str] = ()) -> list[Headline]:
    """Return the entries of a feed, oldest first; a broken document gives those before the break.

    Parameters
    ----------
    document : Document
        RSS or Atom of any version.
    now : int
        ns since the Unix epoch, for `received` and for entries without a date.
    known : collection of str
        Symbols to recognise in titles.

    Raises
    ------
    NotAFeed
        It is something else: a login page, an error in HTML.
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
        # Never bytes or str: feedparser would try them as a file name or an address.
        return feedparser.parse(io.BytesIO(document.body), response_headers=headers)
    except Exception as error:  # it is made for what is broken, and breaks on some of it
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
    """Return what makes an entry itself: an address holds everywhere, a bare guid in its feed."""
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
        # Past feedparser's own lookup, which warns about a fallback between the two names.
        moment: time.struct_time | None = dict.get(entry, name)
        if moment is not None:
            published = calendar.timegm(moment) * NS
            return published if 0 < published < now + FUTURE_ALLOWED_NS else now
    return now


def _host(url: str) -> str:
    return urlsplit(url).hostname or "news"
