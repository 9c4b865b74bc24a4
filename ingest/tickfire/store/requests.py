"""Requests to the node of one key, over one connection that many callers share.

It is opened at the first request and again after a loss. Large replies are read by our own
parser, which costs a tenth of redis-py's.
"""

from __future__ import annotations

import asyncio
from typing import Final

from redis.exceptions import RedisError

from tickfire.store.connection import RedisConnection
from tickfire.store.resp import Reply, RespError
from tickfire.store.store import Store
from tickfire.store.tail import Entry, backoff_s, entries_of

TIMEOUT_S: Final = 5.0


class RedisUnavailable(Exception):
    """Redis does not answer now, or refuses."""


class Requests:
    """Commands on one key, or on keys of its slot; answered in turn."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key
        self._connection: RedisConnection | None = None
        self._opening = asyncio.Lock()
        self._closes = 0

    def close(self) -> None:
        """Drop the connection, one that is being opened too."""
        self._closes += 1
        if self._connection is not None:
            self._connection.close()

    async def command(self, *parts: bytes | str | int) -> Reply:
        """Send a command, return its reply.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or refuses.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                connection = await self._connected()
                return await connection.command(*parts)
        except (OSError, TimeoutError, RespError, RedisError) as error:
            self.close()  # the next request begins on a new one, at the node that is right then
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
    requests, attempt = Requests(store, key), 0
    while True:
        try:
            reply = await requests.command("XREVRANGE", key, "+", "-", "COUNT", count)
        except RedisUnavailable:
            attempt += 1
            await asyncio.sleep(backoff_s(attempt))
            continue
        finally:
            requests.close()
        return entries_of(reply)[::-1]


async def newest_id(store: Store, key: bytes) -> bytes:
    """Return the id of a stream's newest entry, ``0-0`` if it has none; wait for Redis."""
    return last_id(await newest_entries(store, key, 1))


def last_id(entries: list[Entry]) -> bytes:
    """Return the id of the last of some entries, ``0-0`` if there is none."""
    return entries[-1][0] if entries else b"0-0"
