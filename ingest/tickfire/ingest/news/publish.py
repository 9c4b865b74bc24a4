"""Writing of headlines to the stream, each once, across restarts of Redis and of this process."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tickfire.base.retry import Backoff, retry
from tickfire.store.limits import MAX_HEADLINES
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import REDIS_ERRORS, Client

SEEN_KEY: Final = b"{" + NEWS_KEY + b"}:seen"
"""Sorted set of headline ids by the time, in ms, at which each was last offered for publication.

Its hash tag puts it into the cluster slot of the stream, so that one script may use both keys.
"""
MAX_SEEN: Final = 50_000
FIRST_RETRY_S: Final = 0.2

# One script, so that a crash in between neither loses nor duplicates a headline. Each offer of a
# headline renews its time, so that its id stays in the set while a feed still lists it.
_PUBLISH: Final = """
local new = redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
if new == 1 then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'd', ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[5] - 1)
end
return new
"""

logger = logging.getLogger(__name__)


class Publisher:
    """A writer of headlines to stream ``news``.

    Parameters
    ----------
    redis : Redis or RedisCluster
        The client, which the caller closes.
    max_headlines : int
        Approximate number of headlines that the stream keeps.
    max_seen : int
        Number of ids that are remembered, to recognise headlines that were published before.

    Attributes
    ----------
    written : int
        Number of headlines that this publisher has written.
    """

    def __init__(
        self,
        redis: Client,
        *,
        max_headlines: int = MAX_HEADLINES,
        max_seen: int = MAX_SEEN,
    ) -> None:
        self._redis = redis
        self._limits = (max_headlines, max_seen)
        self.written = 0

    async def publish(self, headlines: Iterable[Headline]) -> int:
        """Write the headlines that have not been written before and return their number.

        While Redis is unavailable, this waits and retries; a warning is logged once.
        """
        new = 0
        for headline in headlines:
            new += await self._until_written(headline)
        self.written += new
        return new

    async def _until_written(self, headline: Headline) -> int:
        return await retry(
            lambda: self._write(headline),
            on=REDIS_ERRORS,
            what="writing headlines",
            logger=logger,
            backoff=Backoff(FIRST_RETRY_S),
        )

    async def _write(self, headline: Headline) -> int:
        max_headlines, max_seen = self._limits
        offered_ms = time.time_ns() // 1_000_000
        arguments = (offered_ms, headline.id, msgspec.msgpack.encode(headline))
        new: int = await self._redis.eval(
            _PUBLISH, 2, NEWS_KEY, SEEN_KEY, *arguments, max_headlines, max_seen
        )
        return new


async def last_headlines(redis: Client, count: int) -> list[Headline]:
    """Return the newest headlines of the stream, newest first.

    Parameters
    ----------
    redis : Redis or RedisCluster
    count : int
        Number of entries to read. Entries that are not headlines are skipped, so that fewer may
        be returned.
    """
    entries: Any = await redis.xrevrange(NEWS_KEY, count=count)
    found = []
    for _, fields in entries:
        try:
            found.append(msgspec.msgpack.decode(fields[b"d"], type=Headline))
        except (KeyError, msgspec.MsgspecError):
            continue
    return found
