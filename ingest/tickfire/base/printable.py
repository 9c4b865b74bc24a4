"""Text from elsewhere, as it may be shown on a terminal or written to a log. Pure."""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x08\x0a-\x1f\x7f-\x9f"  # control characters but for the tab: escape sequences, new lines
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, and changing direction
    "\ud800-\udfff"  # surrogates, which cannot be written
    "]"
)
_SHORT: Final = {"\n": r"\n", "\r": r"\r"}


def printable(text: str, limit: int | None = None) -> str:
    """Return text on one line, with what a terminal would act on as Python escapes.

    Parameters
    ----------
    text : str
    limit : int, optional
        The most characters of the text to keep; how many more there were is then told.
    """
    rest = 0 if limit is None else len(text) - limit
    if rest > 0:
        text = text[:limit]
    text = _UNSAFE.sub(_escape, text)
    return f"{text}... ({rest:,} more characters)" if rest > 0 else text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
