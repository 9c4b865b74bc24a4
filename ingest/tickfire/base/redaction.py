"""Addresses without the secrets of their queries, for logs, errors and metrics. Pure."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
_WORDS: Final = r"key(?!file)|token|secret|passw|pwd|auth|signature|credential|\bsign?\b"
_SECRET: Final = re.compile(rf"([?&][^=&#|]*(?:{_WORDS})[^=&#|]*=)[^&#|]*", re.IGNORECASE)


def without_query_secrets(url: str) -> str:
    """Return an address with ``***`` for the values of its query whose names tell of secrets.

    >>> without_query_secrets("https://news.example/rss?day=1&apiKey=abc")
    'https://news.example/rss?day=1&apiKey=***'
    """
    return _SECRET.sub(rf"\1{HIDDEN}", url)
