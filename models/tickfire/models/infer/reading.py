"""Reading a stream from a position on, for ever, through losses of Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

type Client = Redis | RedisCluster
type Entry = tuple[bytes, dict[bytes, bytes]]
"""The id of an entry, and its fields."""

BLOCK_MS: Final = 1_000
SILENCE_S: Final = 6.0
"""No answer for so long, though each read ends after BLOCK_MS: the connection is dead."""
COUNT: Final = 64
"""Entries of one read."""
RETRY_FIRST_S: Final = 0.1
RETRY_MAX_S: Final = 2.0

logger = logging.getLogger(__name__)


async def follow(client: Client, key: bytes, last: bytes) -> AsyncIterator[list[Entry]]:
    """Yield the entries of a stream after an id, in order, as they come; never ends."""
    delay = 0.0
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                reply: Any = await client.xread({key: last}, count=COUNT, block=BLOCK_MS)
        except (RedisError, OSError, TimeoutError) as error:
            if not delay:
                logger.warning("lost Redis (%s): %s will be read on", error, key.decode())
            delay = min(max(2 * delay, RETRY_FIRST_S), RETRY_MAX_S)
            await asyncio.sleep(delay)
            continue
        if delay:
            logger.info("Redis answers again: reading on %s", key.decode())
            delay = 0.0
        for entries in _streams(reply):
            last = entries[-1][0]
            yield [(number, fields or {}) for number, fields in entries]


async def patiently(command: Callable[[], Any], what: str) -> Any:
    """Return what a command answers; while Redis is away, ask again.

    Parameters
    ----------
    command : callable
        Makes a new awaitable each time.
    what : str
        For the log.
    """
    delay = RETRY_FIRST_S
    while True:
        try:
            return await command()
        except (RedisError, OSError, TimeoutError) as error:
            if delay == RETRY_FIRST_S:
                logger.warning("Redis does not answer (%s): %s waits", error, what)
        await asyncio.sleep(delay)
        delay = min(2 * delay, RETRY_MAX_S)


async def newest_id(client: Client, key: bytes) -> bytes:
    """Return the id of a stream's newest entry, ``0-0`` if it has none; waits for Redis."""
    entries: Any = await patiently(lambda: client.xrevrange(key, count=1), key.decode())
    return bytes(entries[0][0]) if entries else b"0-0"


def _streams(reply: Any) -> list[list[Any]]:
    """Return the entries of each stream of an XREAD, as RESP2 and RESP3 give them."""
    if isinstance(reply, dict):
        found = [entries for parts in reply.values() for entries in parts]
    else:
        found = [entries for _, entries in reply or ()]
    return [entries for entries in found if entries]
