"""Clients of redis-py that follow their keys, each made from a URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from tickfire.base.errors import UsageError
from tickfire.store.cluster import ClusterClient
from tickfire.store.errors import as_redis_errors
from tickfire.store.limits import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S
from tickfire.store.url import Host, RedisUrl
from tickfire.store.watched import WatchedCommands

NOT_OF_CLUSTERS: Final = ("ssl_ca_path", "ssl_password")
"""TLS options that redis-py's `RedisCluster` does not accept."""
SENTINEL_TIMEOUT_S: Final = 0.5
"""Maximum time to wait for one Sentinel, before the next one is asked."""

TIMEOUTS: Final[Mapping[str, Any]] = {
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_timeout": REQUEST_TIMEOUT_S,
}


class SingleClient(WatchedCommands, Redis):  # type: ignore[misc]  # redis-py's bases disagree
    """Client of a server that stands alone, or of the primary that Sentinels name."""


class SentinelPrimary:
    """The primary that Sentinels name: the `Servers` of all keys.

    Parameters
    ----------
    pool : SentinelConnectionPool
        The pool of the client of the primary.

    Attributes
    ----------
    version : int
    """

    def __init__(self, pool: SentinelConnectionPool) -> None:
        self._pool = pool
        self._known: Host | None = None
        self.version = 0

    async def find(self, key: bytes) -> Host:
        """Return the primary; see `Servers`."""
        await self.look()
        assert self._known is not None
        return self._known

    def known(self, key: bytes) -> Host | None:
        """Return the primary that was last named; see `Servers`."""
        return self._known

    def doubt(self) -> None:
        """Do nothing: the Sentinels are asked each time."""

    async def look(self) -> None:
        """Ask the Sentinels for the primary; see `Servers`."""
        pool: Any = self._pool
        with as_redis_errors():
            host, port = await pool.get_master_address()  # closes idle connections to another
        if self._known not in (None, (host, port)):
            self.version += 1
        self._known = str(host), int(port)


def single_client(url: RedisUrl, host: Host | None) -> SingleClient:
    """Return a client of a server that stands alone."""
    options = {**_login(url), "db": url.db, **TIMEOUTS, **(url.tls or {})}
    if host is None:
        pool = ConnectionPool(UnixDomainSocketConnection, path=url.path, **options)
    else:
        kind = Connection if url.tls is None else SSLConnection
        pool = ConnectionPool(kind, host=host[0], port=host[1], **options)
    return SingleClient.from_pool(pool)  # type: ignore[return-value]


def sentinel_client(url: RedisUrl) -> tuple[SingleClient, SentinelPrimary, Sentinel]:
    """Return a client of the primary that Sentinels name, its servers, and the Sentinels."""
    assert url.service is not None
    tls = {"ssl": url.tls is not None, **(url.tls or {})}
    about = {
        "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        "socket_timeout": SENTINEL_TIMEOUT_S,
        "username": url.sentinel_username,
        "password": url.sentinel_password,
        "retry": Retry(NoBackoff(), 0),
        **({"ssl": True, **url.tls} if url.tls is not None else {}),
    }
    sentinel = Sentinel(url.hosts, sentinel_kwargs=about)  # type: ignore[no-untyped-call]
    options = {**_login(url), "db": url.db, **TIMEOUTS, **tls}
    client = sentinel.master_for(url.service, redis_class=SingleClient, **options)
    return client, SentinelPrimary(client.connection_pool), sentinel


def cluster_client(url: RedisUrl) -> ClusterClient:
    """Return a client of the Cluster to which the servers in a URL belong.

    Raises
    ------
    UsageError
        The URL has a part or an option that does not apply to a Cluster.
    """
    tls = url.tls or {}
    for name in NOT_OF_CLUSTERS:
        if name in tls:
            raise UsageError(
                f"REDIS_URL={url.shown} has the option {name}, which a Cluster lacks; leave it out."
            )
    if not url.hosts or url.service is not None or url.db:
        raise UsageError(
            f"REDIS_URL={url.shown} leads to a Cluster, which has neither Sentinels, databases "
            "nor Unix sockets; write redis://host:port."
        )
    return ClusterClient(url.hosts, ssl=url.tls is not None, **_login(url), **TIMEOUTS, **tls)


def _login(url: RedisUrl) -> dict[str, Any]:
    return {"username": url.username, "password": url.password}
