"""Commands to one Redis node, over a connection that several callers share.

The connection is opened for the first command and reopened after a loss. Large replies are parsed
by `tickfire.store.resp`, at a tenth of the cost of redis-py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tickfire.base.retry import Backoff, retry
from tickfire.store.connection import RedisConnection
from tickfire.store.entries import Entry, entries_of, last_id
from tickfire.store.errors import REDIS_ERRORS, is_move, is_outage
from tickfire.store.limits import FIRST_RETRY_S, MAX_RETRY_S, REQUEST_TIMEOUT_S
from tickfire.store.resp import Reply, RespError
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class RedisUnavailable(Exception):
    """Raised when Redis does not answer, or answers with an error, which is the cause."""


def is_told(error: Exception) -> bool:
    """Return whether the store logs the cause of a `RedisUnavailable`."""
    return error.__cause__ is not None and is_outage(error.__cause__)


class Requests:
    """Commands on one key, or on keys of the same slot.

    Callers may send commands concurrently; replies come in the order of the commands.

    Parameters
    ----------
    store : Store
    key : bytes
        Commands go to the node that holds this key.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key
        self._connection: RedisConnection | None = None
        self._opening = asyncio.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Close the connection, even one that is still being opened, for good."""
        self._is_closed = True
        self._disconnect()

    def _disconnect(self) -> None:
        """Close the connection; the next command reconnects."""
        if self._connection is not None:
            self._connection.close()

    async def command(self, *parts: bytes | str | int) -> Reply:
        """Send a command and return its reply.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error; or `close` was called.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                try:
                    return await (await self._connected()).command(*parts)
                except RespError as error:
                    if not is_move(error):
                        raise
                    self._disconnect()  # and reconnect to the node that holds the key now
                    return await (await self._connected()).command(*parts)
        except REDIS_ERRORS as error:
            if not self._is_closed:
                self._disconnect()
                self._store.outage.begin(self._key, error)
            raise RedisUnavailable(str(error) or "no answer in time") from error

    async def _connected(self) -> RedisConnection:
        async with self._opening:
            if not self._is_closed and (self._connection is None or not self._connection.is_open):
                self._connection = await self._store.connect(self._key)
            if self._is_closed or self._connection is None:
                self._disconnect()
                raise ConnectionError("the connection was closed on purpose")
            return self._connection

    async def hash(self, key: bytes) -> dict[bytes, bytes]:
        """Return all fields of a hash.

        Raises
        ------
        RedisUnavailable
            Redis does not answer in time, or answers with an error.
        """
        flat = await self.command("HGETALL", key)
        if not isinstance(flat, list):
            return {}
        return dict(zip(flat[::2], flat[1::2], strict=True))  # type: ignore[arg-type]


async def newest_entries(store: Store, key: bytes, count: int) -> list[Entry]:
    """Return up to `count` newest entries of a stream, oldest first.

    Repeats the command until Redis answers.
    """
    reply = await _answered(
        store, key, lambda requests: requests.command("XREVRANGE", key, "+", "-", "COUNT", count)
    )
    return entries_of(reply)[::-1]


async def newest_id(store: Store, key: bytes) -> bytes:
    """Return the id of the newest entry of a stream, or ``0-0`` if it is empty.

    Repeats the command until Redis answers.
    """
    return last_id(await newest_entries(store, key, 1))


async def fields_of(store: Store, key: bytes) -> dict[bytes, bytes]:
    """Return all fields of a hash.

    Repeats the command until Redis answers.
    """
    return await _answered(store, key, lambda requests: requests.hash(key))


async def _answered[T](store: Store, key: bytes, command: Callable[[Requests], Awaitable[T]]) -> T:
    requests = Requests(store, key)
    try:
        return await retry(
            lambda: command(requests),
            on=(RedisUnavailable,),
            what=f"reading {key.decode()}",
            logger=logger,
            backoff=Backoff(FIRST_RETRY_S, MAX_RETRY_S),
            is_told=is_told,
        )
    finally:
        requests.close()
