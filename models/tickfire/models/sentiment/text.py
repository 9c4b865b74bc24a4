"""Tokens of a headline. Pure, and the same in every language: only ASCII letters have case.

A token is a lower-case word, a number as it is written, or one of the marks below. All other
characters separate tokens.
"""

from __future__ import annotations

import re
from typing import Final

MAX_TOKENS: Final = 96
"""Number of tokens to read; the rest of a text is ignored."""
CASHTAG: Final = "<tag>"
HASHTAG: Final = "<hash>"
NUMBER: Final = "<n>"
PERCENT: Final = "<%>"
PLUS_PERCENT: Final = "<+%>"
MINUS_PERCENT: Final = "<-%>"
QUESTION: Final = "?"

_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_URL: Final = re.compile(r"https?://[^ \t\r\n]+")
_TOKEN: Final = re.compile(
    r"\$[a-z][a-z0-9.]*"
    r"|#[a-z0-9_]+"
    r"|(?<![^ (])[+-]?\$?[0-9]+(?:[.,][0-9]+)*%?"
    r"|[0-9]+(?:[.,][0-9]+)*%?"
    r"|[a-z]+(?:'[a-z]+)?"
    r"|\?"
)


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, at most `MAX_TOKENS`, without its URLs."""
    lower = text.lower() if text.isascii() else text.translate(_LOWER).replace("\u2019", "'")
    if "://" in lower:
        lower = _URL.sub(" ", lower)
    found: list[str] = _TOKEN.findall(lower)
    return found[:MAX_TOKENS]


def shape(token: str) -> str:
    """Return a token as n-grams see it: words as they are, numbers and tags as a mark."""
    first = token[0]
    if "a" <= first <= "z" or first == "?":
        return token
    if first == "#":
        return HASHTAG
    if first == "$" and not "0" <= token[1] <= "9":
        return CASHTAG
    if token[-1] != "%":
        return NUMBER
    return PLUS_PERCENT if first == "+" else MINUS_PERCENT if first == "-" else PERCENT
