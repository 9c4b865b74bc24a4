"""Addresses of the further pages of a news API. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tickfire.ingest.news.json_path import JsonPath, text_at

type Kind = Literal["page", "offset", "cursor", "next"]

DEFAULT_PAGES: Final = 5
MAX_PAGES: Final = 50


class PagingError(Exception):
    """The next page cannot be requested."""


@dataclass(frozen=True, slots=True)
class Paging:
    """The way to request the further pages of an answer.

    Attributes
    ----------
    kind : str
        ``page`` or ``offset``: a number in a parameter; ``cursor``: a value of the answer in a
        parameter; ``next``: the address of the next page in the answer.
    parameter : str
        Name of the query parameter.
    path : JsonPath
        Place of the cursor or of the next address in the answer.
    first : int
        Number of the first page, or its offset.
    max_pages : int
        Maximum number of pages that one poll requests, 1 to `MAX_PAGES`.
    """

    kind: Kind
    parameter: str
    path: JsonPath
    first: int
    max_pages: int = DEFAULT_PAGES

    def next_page(self, url: str, answer: Any, pages: int, items: int) -> str:
        """Return the address of the next page, empty if there is none.

        Parameters
        ----------
        url : str
            Address of the page before it.
        answer : object
            Answer of the page before it.
        pages, items : int
            Number of pages and of items so far.

        Raises
        ------
        PagingError
            If the next page is on another host, which must not be given a key.
        """
        if pages >= self.max_pages:
            return ""
        if self.kind in ("page", "offset"):
            count = pages if self.kind == "page" else items
            return _with_parameter(url, self.parameter, str(self.first + count))
        found = text_at([self.path], answer)
        if self.kind == "cursor":
            following = _with_parameter(url, self.parameter, found) if found else ""
        else:
            following = _on_same_host(url, found) if found else ""
        return following if following != url else ""


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return parts._replace(query=urlencode([*pairs, (name, value)])).geturl()


def _on_same_host(url: str, address: str) -> str:
    try:
        following = urljoin(url, address)
        is_same = urlsplit(following)[:2] == urlsplit(url)[:2]
    except ValueError:
        is_same = False
    if not is_same:
        raise PagingError("the next page is on another host, which is not given the key")
    return following
