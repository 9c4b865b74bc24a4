"""Plain text from the markup of feeds, and the symbols that a text mentions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from html.parser import HTMLParser
from typing import Final

MAX_UNESCAPES: Final = 4
"""Maximum passes over a text: some feeds escape markup several times, and a pass undoes one."""
MIN_BARE_SYMBOL: Final = 3
"""Minimum length of a symbol without ``$`` or an exchange: A, IT and ON are words, too."""

_UNSEEN = frozenset({"script", "style", "template", "noscript", "iframe"})
_BREAKING = frozenset({"p", "br", "div", "li", "tr", "td", "h1", "h2", "h3", "h4", "blockquote"})
_TAG_LIKE = re.compile(r"<+(?=[A-Za-z/!?])")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_CASHTAG = re.compile(r"\$([A-Z][A-Z0-9.]{0,9})\b")
_LISTING = re.compile(r"\((?:NYSE|NASDAQ|NasdaqGS|AMEX|CBOE|LSE|TSX)\s*:\s*([A-Z][A-Z0-9.]{0,9})\)")
_WORD = re.compile(r"[A-Z][A-Z0-9.]+")


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BREAKING:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1
        if tag in _BREAKING:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def plain(markup: str, limit: int) -> str:
    """Return markup as one line of plain text.

    Tags are removed, even if they were escaped repeatedly, and so are control characters and
    characters that change the direction of text.

    Parameters
    ----------
    markup : str
    limit : int
        Maximum length in characters; longer text is cut and ends in an ellipsis.
    """
    text = markup
    for _ in range(MAX_UNESCAPES):
        parser = _TextOf()
        parser.feed(text)
        parser.close()
        stripped = "".join(parser.parts)
        if stripped == text:
            break
        text = stripped
    text = " ".join(_CONTROL.sub(" ", _TAG_LIKE.sub("", text)).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def symbols_in(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the symbols that a text mentions, each once, in order of appearance.

    Any symbol counts in ``$AAPL`` and ``(NASDAQ: AAPL)``; a bare word counts only if it is in
    `known` and has at least `MIN_BARE_SYMBOL` characters.
    """
    found = {match.start(1): match[1].rstrip(".") for match in _CASHTAG.finditer(text)}
    found |= {match.start(1): match[1].rstrip(".") for match in _LISTING.finditer(text)}
    for match in _WORD.finditer(text):
        word = match[0].rstrip(".")
        if len(word) >= MIN_BARE_SYMBOL and word in known:
            found[match.start()] = word
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))
