"""Web addresses of news: whether they are valid, and how they are shown in logs. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from tickfire.base.redaction import without_query_secrets


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
    host = parts.netloc.rpartition("@")[2]
    return without_query_secrets(parts._replace(netloc=host, fragment="").geturl())
