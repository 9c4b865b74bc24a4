"""Headlines from the items that a feed or a news API lists."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tickfire.base.units import NS_PER_S
from tickfire.ingest.news.addresses import host_of, is_web_address, shown
from tickfire.ingest.news.text import plain, symbols_in
from tickfire.store.schema import Headline

MAX_ITEMS: Final = 5000
"""Maximum number of items of a document that are read."""
MAX_TITLE: Final = 300
MAX_SUMMARY: Final = 1000
MAX_SOURCE: Final = 80
MAX_URL: Final = 2000
MAX_SYMBOLS: Final = 50
FUTURE_ALLOWED_NS: Final = 24 * 3600 * NS_PER_S
"""Dates further in the future than this are taken for errors in the feed and replaced by now."""

_NO_GUID: Final = frozenset(
    ("n/a", "na", "none", "null", "nil", "undefined", "unknown", "false", "guid", "id", "nan")
)
_EVERYWHERE: Final = ("http://", "https://", "tag:", "urn:")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """An item as its publisher wrote it: texts may be markup, and any may be missing.

    Attributes
    ----------
    title, summary, link : str
    guid : str
        The publisher's identifier.
    published : int or None
        ns since the Unix epoch.
    source : str
        The publication, if it is not that of the whole feed.
    symbols : tuple of str
        Symbols that the publisher gives.
    """

    title: str
    summary: str = ""
    link: str = ""
    guid: str = ""
    published: int | None = None
    source: str = ""
    symbols: tuple[str, ...] = ()


def readable[T](listed: Sequence[T], url: str) -> Sequence[T]:
    """Return the items of a document that are read: the first `MAX_ITEMS`; more are logged."""
    if len(listed) > MAX_ITEMS:
        logger.warning(
            "%s lists %d items; only the first %d are read", shown(url), len(listed), MAX_ITEMS
        )
    return listed[:MAX_ITEMS]


def headlines_of(
    items: Iterable[Item],
    url: str,
    source: str,
    now: int,
    known: Collection[str],
    *,
    limit: int,
) -> list[Headline]:
    """Return the newest headlines of the items, oldest first.

    Items without a title are skipped. Those without a plausible date have the time `now`; of
    equally old ones, the first listed is the newest. An item listed twice is returned once.

    Parameters
    ----------
    items : iterable of Item
    url : str
        Address of the feed.
    source : str
        Its name, as markup.
    now : int
        ns since the Unix epoch.
    known : collection of str
        Symbols to recognise in titles and summaries without a ``$`` or an exchange before them.
    limit : int
        Maximum number of headlines.
    """
    dated = [(_published(item, now), item) for item in items if item.title]
    dated.sort(key=lambda pair: -pair[0])
    shared = _shared_identifiers([item for _, item in dated])
    name = plain(source, MAX_SOURCE) or host_of(url)
    found: dict[str, Headline] = {}
    for published, item in dated:
        if len(found) == limit:
            break
        title = plain(item.title, MAX_TITLE)
        if title:
            identity = _identity(item, url, shared)
            if identity not in found:
                times = (published, now)
                found[identity] = _headline(item, identity, title, name, times, known)
    return list(reversed(found.values()))


def _headline(
    item: Item,
    identity: str,
    title: str,
    source: str,
    times: tuple[int, int],
    known: Collection[str],
) -> Headline:
    published, received = times
    summary = plain(item.summary, MAX_SUMMARY)
    mentioned = symbols_in(f"{title} {summary}", known)
    return Headline(
        id=hashlib.blake2b(identity.encode(errors="replace"), digest_size=12).hexdigest(),
        title=title,
        source=plain(item.source, MAX_SOURCE) or source,
        published=published,
        received=received,
        summary="" if summary == title else summary,
        url=_web_link(item.link),
        symbols=tuple(dict.fromkeys((*item.symbols, *mentioned)))[:MAX_SYMBOLS],
    )


def _shared_identifiers(items: Sequence[Item]) -> frozenset[str]:
    """Return the guids, and the links of items without one, that different items have."""
    contents = defaultdict[str, set[tuple[str, str]]](set)
    for item in items:
        contents[_guid(item) or item.link].add((item.link, item.title))
    return frozenset(name for name, different in contents.items() if len(different) > 1)


def _identity(item: Item, url: str, shared: Collection[str]) -> str:
    """Return the identity of an item: its guid, or its link, or both its link and its title.

    A guid or link that different items share is no identity, nor is a link to a whole site. A
    guid that is a URI is unique everywhere; any other is unique only within its feed.
    """
    guid = _guid(item)
    own = guid or item.link
    if not own or own in shared or _is_site(own):
        return f"{url} {item.link} {item.title}"
    return own if guid.startswith(_EVERYWHERE) or not guid else f"{url} {guid}"


def _guid(item: Item) -> str:
    """Return the guid, empty if it is a placeholder, such as ``N/A``, ``-`` or ``0``."""
    guid = item.guid.strip()
    is_name = any(letter.isalnum() and letter != "0" for letter in guid)
    return guid if is_name and guid.casefold() not in _NO_GUID else ""


def _is_site(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https")
    return is_web and parts.path in ("", "/") and not (parts.query or parts.fragment)


def _web_link(link: str) -> str:
    link = link.strip()
    return urlsplit(link).geturl() if len(link) <= MAX_URL and is_web_address(link) else ""


def _published(item: Item, now: int) -> int:
    is_plausible = item.published is not None and 0 < item.published < now + FUTURE_ALLOWED_NS
    return item.published if is_plausible and item.published is not None else now
