"""Web addresses of news: whether they are valid, and how they are shown in logs. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

_SECRET: Final = re.compile(r"key|token|secret|passw|pwd|auth|sign?\b|signature|credential", re.I)


def is_web_address(url: str) -> bool:
    """Return whether a text is an absolute HTTP address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host of an address, ``news`` if it has none."""
    return urlsplit(url).hostname or "news"


def shown(url: str) -> str:
    """Return an address for logs and errors, without a password and the values of keys."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid address"
    query = parts.query
    if _SECRET.search(query):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode(
            [(name, "***" if _SECRET.search(name) else value) for name, value in pairs], safe="*"
        )
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query, fragment="").geturl()
