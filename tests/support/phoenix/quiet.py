"""Muted logs for tests that provoke thousands of crashes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_NOTHING = logging.CRITICAL + 1


@contextmanager
def library_silenced() -> Iterator[None]:
    """Keep the loggers of the whole library quiet; their level is inherited by all modules'."""
    logger = logging.getLogger("tickfire.phoenix")
    before = logger.level
    logger.setLevel(_NOTHING)
    try:
        yield
    finally:
        logger.setLevel(before)
