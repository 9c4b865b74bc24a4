"""A redis-py client by URL, standalone or Cluster, whichever is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from tickfire.base.errors import UsageError, UserError

DEFAULT_URL: Final = "redis://127.0.0.1:6379/0"
CONNECT_TIMEOUT_S: Final = 5.0


async def connect(url: str, *, socket_timeout_s: float | None = None) -> Redis | RedisCluster:
    """Return a client that has reached its server; `aclose` is the caller's.

    `socket_timeout_s` bounds every answer; leave it out where commands block.

    Raises
    ------
    UsageError
        The URL is not one of a Redis.
    UserError
        Nothing answers there, or it refuses us.
    """
    timeouts: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": socket_timeout_s,
    }
    client = _client(url, timeouts)
    try:
        about = await client.info("cluster")
    except (RedisError, OSError, TimeoutError) as error:
        await client.aclose()
        raise UserError(
            f"cannot reach Redis at {redacted(url)}: {str(error) or 'no answer'}; "
            "start it, or correct REDIS_URL."
        ) from error
    if not about.get("cluster_enabled"):
        return client
    await client.aclose()
    return RedisCluster.from_url(url, **timeouts)


def _client(url: str, timeouts: Mapping[str, Any]) -> Redis:
    try:
        return Redis.from_url(url, **timeouts)
    except ValueError as error:
        raise UsageError(
            f"REDIS_URL={redacted(url)} is not a Redis URL; write redis://host:port/0."
        ) from error


def redacted(url: str) -> str:
    """Return a URL without its password, fit to be shown."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=f"***@{parts.netloc.rsplit('@', 1)[1]}").geturl()
