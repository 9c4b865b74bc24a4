"""Headlines into the stream, each once, through restarts of Redis and of this process."""

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
"""Sorted set of headline ids by the time they were last offered; in the slot of the stream."""
MAX_SEEN: Final = 50_000
FIRST_RETRY_S: Final = 0.2

# One step, so that a headline is neither lost nor doubled whatever dies in between. Offering it
# again renews its time: what a feed still lists is not forgotten.
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
    """Writes headlines to the stream ``news``.

    Parameters
    ----------
    redis : Redis or RedisCluster
        The client; its end is the caller's.
    max_headlines, max_seen : int
        How many headlines the stream keeps, and ids the memory of them.
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

    async def publish(self, headlines: Iterable[Headline]) -> int:
        """Write those that were not written before; return how many.

        Waits as long as Redis is away, and says so once.
        """
        new = 0
        for headline in headlines:
            new += await self._until_written(headline)
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
    """Return the newest headlines of the stream, newest first; what cannot be read is left out."""
    entries: Any = await redis.xrevrange(NEWS_KEY, count=count)
    found = []
    for _, fields in entries:
        try:
            found.append(msgspec.msgpack.decode(fields[b"d"], type=Headline))
        except (KeyError, msgspec.MsgspecError):
            continue
    return found
