"""Plain text from the markup of feeds, and the symbols that a text mentions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from tickfire.ingest.news.listings import listings
from tickfire.ingest.news.markup import without_markup

MAX_UNESCAPES: Final = 4
"""Maximum passes over a text: some feeds escape markup several times, and a pass undoes one."""
MIN_BARE_SYMBOL: Final = 3
"""Minimum length of a symbol without ``$`` or an exchange: A, IT and ON are words, too."""

_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_C1: Final = {code: bytes((code,)).decode("cp1252", "ignore") or " " for code in range(0x80, 0xA0)}
"""Punctuation of Windows-1252 that was taken for Latin-1, which has control characters there."""
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Z][A-Z0-9.]{0,9}(?:[-/][A-Z]{1,2})?)(?![\w])")
_WORD = re.compile(r"[A-Z][A-Z0-9.]+")
_CLASS_MARKS = re.compile(r"[./ -]")


def plain(markup: str, limit: int) -> str:
    """Return markup as one line of plain text.

    Tags are removed, even if they were escaped repeatedly, but not those that a text speaks of
    (see `without_markup`). Control characters are removed, and so are characters that change the
    direction of text.

    Parameters
    ----------
    markup : str
    limit : int
        Maximum length in characters; longer text is cut and ends in an ellipsis.
    """
    text = markup
    for _ in range(MAX_UNESCAPES):
        stripped = without_markup(text)
        if stripped == text:
            break
        text = stripped
    text = " ".join(_CONTROL.sub(" ", text.translate(_C1)).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def symbols_in(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the symbols that a text mentions, each once, in order of appearance.

    Any symbol counts in ``$AAPL`` and ``(NASDAQ: AAPL)``; a bare word counts only if it is in
    `known` and has at least `MIN_BARE_SYMBOL` characters. A class of shares may be written in
    several ways, ``BRK.B``, ``BRK-B``, ``BRK/B`` or ``BRK B``: the one in `known` is returned if
    there is one.
    """
    marked = [(match.start(1), match[1].rstrip(".")) for match in _CASHTAG.finditer(text)]
    found = {at: _as_known(symbol, known) for at, symbol in (*marked, *listings(text))}
    for match in _WORD.finditer(text):
        word = match[0].rstrip(".")
        if len(word) >= MIN_BARE_SYMBOL and word in known:
            found[match.start()] = word
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))


def _as_known(symbol: str, known: Collection[str]) -> str:
    spellings = (_CLASS_MARKS.sub(mark, symbol) for mark in (".", "-", "/", " ", ""))
    return next((each for each in (symbol, *spellings) if each in known), symbol)
