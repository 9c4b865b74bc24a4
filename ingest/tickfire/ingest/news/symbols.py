"""Symbols of the instrument table, which news is searched for."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from tickfire.store.epoch import instruments_of
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Client

REFRESH_S: Final = 10.0


class Symbols:
    """A cache of the symbols in the instrument table.

    Parameters
    ----------
    redis : Redis or RedisCluster
    refresh_s : float
        Age, in seconds, from which `known` reads the table again.
    """

    def __init__(self, redis: Client, refresh_s: float = REFRESH_S) -> None:
        self._redis = redis
        self._refresh_s = refresh_s
        self._read_at = float("-inf")
        self._known: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()

    async def known(self) -> frozenset[str]:
        """Return the symbols; while Redis is unavailable, those of the last successful read."""
        async with self._lock:
            if time.monotonic() - self._read_at >= self._refresh_s:
                try:
                    self._known = await self._read()
                    self._read_at = time.monotonic()
                except REDIS_ERRORS:
                    pass  # the publisher meets the same error, and logs it
            return self._known

    async def _read(self) -> frozenset[str]:
        rows: Any = await self._redis.hvals(INSTRUMENTS_KEY)
        return frozenset(instrument.symbol for instrument in instruments_of(rows))
