"""Values of settings as they may be shown: without secrets."""

from __future__ import annotations

import re
from typing import Any, Final

from tickfire.base.redaction import HIDDEN
from tickfire.ingest.news.addresses import is_web_address
from tickfire.ingest.news.addresses import shown as shown_address
from tickfire.store.url import redacted

_SECRET_WORDS: Final = frozenset({"key", "password", "secret", "token"})
_WORDS: Final = re.compile(r"[-_\W]+")


def shown(key: str, value: Any) -> Any:
    """Return the value of a setting without secrets.

    Text under a key that names a secret is replaced as a whole; in an address, its credentials
    are.
    """
    if isinstance(value, list | tuple):
        return [shown(key, each) for each in value]
    if not isinstance(value, str) or not value:
        return value
    if _SECRET_WORDS & set(_WORDS.split(key.lower())) and not key.endswith("-salt"):
        return HIDDEN
    if is_web_address(value):
        return shown_address(value)
    return redacted(value) if "://" in value else value
