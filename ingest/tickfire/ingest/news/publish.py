"""Writing of headlines to the stream, each once, across restarts of Redis and of this process."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import msgspec

from tickfire.base.retry import Backoff, retry
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.limits import FIRST_RETRY_S, MAX_HEADLINES, MAX_RETRY_S
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Client, is_told_by

SEEN_KEY: Final = b"{" + NEWS_KEY + b"}:seen"
"""Sorted set of identities of headlines by the time, in ms, at which each was last offered.

A headline has up to two: its id, and a hash of its link and title, by which it is known again when
its publisher gives it another id. The hash tag puts the set into the cluster slot of the stream,
so that one script may use both keys.
"""
MAX_SEEN: Final = 100_000

# One script, so that a crash in between neither loses nor duplicates a headline. Each offer of a
# headline renews its time, so that its identities stay in the set while a feed still lists it.
_PUBLISH: Final = """
local new = 1
for i = 5, #ARGV do
  if redis.call('ZADD', KEYS[2], ARGV[1], ARGV[i]) == 0 then new = 0 end
end
if new == 1 then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'd', ARGV[2])
end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[4] - 1)
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
        Number of identities that are remembered, to recognise headlines that were published before.

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
            backoff=Backoff(FIRST_RETRY_S, MAX_RETRY_S),
            is_told=partial(is_told_by, self._redis),
        )

    async def _write(self, headline: Headline) -> int:
        max_headlines, max_seen = self._limits
        offered_ms = time.time_ns() // 1_000_000
        arguments = (offered_ms, msgspec.msgpack.encode(headline), max_headlines, max_seen)
        new: int = await self._redis.eval(
            _PUBLISH, 2, NEWS_KEY, SEEN_KEY, *arguments, *_identities(headline)
        )
        return new


def _identities(headline: Headline) -> list[str]:
    if not headline.url:
        return [headline.id]
    content = f"{headline.url} {headline.title}".encode()
    return [headline.id, hashlib.blake2b(content, digest_size=12).hexdigest()]


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
