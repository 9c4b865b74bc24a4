"""Requests to the node of one key, over one connection that many callers share.

It is opened at the first request, and again after a loss. Large replies are read by our own
parser, at a tenth of the cost of redis-py's.
"""

from __future__ import annotations

import asyncio
import logging

from tickfire.base.retry import Backoff, retry
from tickfire.store.connection import RedisConnection
from tickfire.store.entries import Entry, entries_of, last_id
from tickfire.store.limits import FIRST_RETRY_S, MAX_RETRY_S, REQUEST_TIMEOUT_S
from tickfire.store.resp import Reply
from tickfire.store.store import REDIS_ERRORS, Store

logger = logging.getLogger(__name__)


class RedisUnavailable(Exception):
    """Redis does not answer now, or refuses."""


class Requests:
    """Commands on one key, or on keys of its slot, answered in turn.

    Parameters
    ----------
    store : Store
    key : bytes
        Names the node.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key
        self._connection: RedisConnection | None = None
        self._opening = asyncio.Lock()
        self._closes = 0

    def close(self) -> None:
        """Drop the connection, even one that is still being opened."""
        self._closes += 1
        if self._connection is not None:
            self._connection.close()

    async def command(self, *parts: bytes | str | int) -> Reply:
        """Send a command and return its reply.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                connection = await self._connected()
                return await connection.command(*parts)
        except REDIS_ERRORS as error:
            self.close()  # the next request opens another, to the node that is right by then
            raise RedisUnavailable(str(error) or "no answer in time") from error

    async def _connected(self) -> RedisConnection:
        async with self._opening:
            if self._connection is None or not self._connection.is_open:
                closes = self._closes
                connection = await self._store.connect(self._key)
                if closes != self._closes:
                    connection.close()
                    raise ConnectionError("closed while it was opened")
                self._connection = connection
            return self._connection

    async def hash(self, key: bytes) -> dict[bytes, bytes]:
        """Return a whole hash.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        flat = await self.command("HGETALL", key)
        if not isinstance(flat, list):
            return {}
        return dict(zip(flat[::2], flat[1::2], strict=True))  # type: ignore[arg-type]


async def newest_entries(store: Store, key: bytes, count: int) -> list[Entry]:
    """Return the newest entries of a stream, oldest first; wait for Redis."""
    requests = Requests(store, key)
    try:
        reply = await retry(
            lambda: requests.command("XREVRANGE", key, "+", "-", "COUNT", count),
            on=(RedisUnavailable,),
            what=f"reading {key.decode()}",
            logger=logger,
            backoff=Backoff(FIRST_RETRY_S, MAX_RETRY_S),
        )
    finally:
        requests.close()
    return entries_of(reply)[::-1]


async def newest_id(store: Store, key: bytes) -> bytes:
    """Return the id of the newest entry of a stream, ``0-0`` if it has none; wait for Redis."""
    return last_id(await newest_entries(store, key, 1))
