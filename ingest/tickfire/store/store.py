"""`Store`: access to Redis, for every process.

A redis-py client serves single commands; a `RedisConnection` serves the streams, for which redis-py
is too slow. Both are made from the same parsed URL. The server may stand alone, be part of a
Cluster, which is detected, or be a primary that Sentinels name. The keys of one shard share a hash
tag, so one connection serves all of them.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from tickfire.base.errors import UsageError, UserError
from tickfire.base.retry import retry
from tickfire.store.connection import RedisConnection
from tickfire.store.limits import CONNECT_TIMEOUT_S
from tickfire.store.resp import RespError
from tickfire.store.url import RedisUrl

NOT_OF_CLUSTERS: Final = ("ssl_ca_path", "ssl_password")
"""TLS options that redis-py's `RedisCluster` does not accept."""

REDIS_ERRORS: Final = (OSError, RedisError, RedisClusterException, RespError)
"""Errors raised when Redis does not answer or answers with an error, by redis-py and by
`RedisConnection`."""

logger = logging.getLogger(__name__)

type Client = Redis | RedisCluster


class Store:
    """A Redis server or Cluster.

    Create it with `open`; the caller must `close` it.

    Attributes
    ----------
    url : RedisUrl
    client : redis.asyncio.Redis or RedisCluster
        Client for single commands, off the hot path.
    """

    def __init__(
        self,
        url: RedisUrl,
        client: Client,
        *,
        sentinel: Sentinel | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url
        self.client = client
        self._sentinel = sentinel
        self._tls = tls

    @classmethod
    async def open(cls, url: str, *, reply_timeout_s: float | None = None) -> Store:
        """Connect to Redis and find out whether it is a Cluster.

        Parameters
        ----------
        url : str
            See `tickfire.store.url`.
        reply_timeout_s : float, optional
            Maximum time that `client` waits for one reply, in seconds; by default unlimited.

        Raises
        ------
        UsageError
            The URL is invalid, or names files that cannot be used.
        UserError
            Redis does not answer, or refuses the connection.
        """
        parsed = RedisUrl.parse(url)
        tls = _tls_context(parsed)
        timeouts = {
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_timeout": reply_timeout_s,
        }
        client, sentinel = _client(parsed, timeouts)
        store = cls(parsed, client, sentinel=sentinel, tls=tls)
        try:
            about: Mapping[str, Any] = await client.info("cluster")
        except REDIS_ERRORS as error:
            await store.close()
            raise UserError(
                f"cannot reach Redis at {parsed.shown}: {str(error) or 'no answer'}; "
                "start it, or correct REDIS_URL."
            ) from error
        if about.get("cluster_enabled"):
            await store.close()
            store = cls(parsed, _cluster_client(parsed, timeouts), tls=tls)
        return store

    async def close(self) -> None:
        """Close the client; connections made by `connect` stay open."""
        await self.client.aclose()
        if self._sentinel is not None:
            await self._sentinel.aclose()

    async def ask[T](self, command: Callable[[Any], Awaitable[T]], what: str) -> T:
        """Repeat a command until it succeeds, and return its result.

        Parameters
        ----------
        command : callable
            Called with `client`, with which it may send one or more commands.
        what : str
            Name of the work, for the log.
        """
        return await retry(lambda: command(self.client), on=REDIS_ERRORS, what=what, logger=logger)

    async def connect(
        self, key: bytes, on_replies: Callable[[], None] | None = None
    ) -> RedisConnection:
        """Open a connection to the node that holds a key, with TLS and AUTH as in the URL.

        Parameters
        ----------
        key : bytes
        on_replies : callable, optional
            Called after each batch of replies; see `RedisConnection`.

        Raises
        ------
        REDIS_ERRORS
            The node cannot be reached, or refuses the connection.
        """
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            connection = await self._dial(key, on_replies)
            try:
                await self._greet(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    async def refresh(self) -> None:
        """Refresh the slot map of a Cluster after a slot has moved or a node has gone.

        A failure is logged at level DEBUG, since the caller's next attempt refreshes again.
        """
        if isinstance(self.client, RedisCluster):
            try:
                await self.client.aclose()
                await self.client.initialize()
            except REDIS_ERRORS as error:
                logger.debug("cannot refresh the slot map of the Cluster: %s", error)

    async def _dial(self, key: bytes, on_replies: Callable[[], None] | None) -> RedisConnection:
        loop = asyncio.get_running_loop()

        def protocol() -> RedisConnection:
            return RedisConnection(on_replies)

        if self.url.path is not None:
            return (await loop.create_unix_connection(protocol, self.url.path))[1]
        host, port = await self._node(key)
        return (await loop.create_connection(protocol, host, port, ssl=self._tls))[1]

    async def _node(self, key: bytes) -> tuple[str, int]:
        if self._sentinel is not None:
            host, port = await self._sentinel.discover_master(self.url.service or "")
            return str(host), int(port)
        if not isinstance(self.client, RedisCluster):
            return self.url.hosts[0]
        await self.client.initialize()
        node = self.client.get_node_from_key(key.decode())
        if node is None:
            raise ConnectionError(f"no node of the Cluster holds {key.decode()}")
        return str(node.host), int(node.port)

    async def _greet(self, connection: RedisConnection) -> None:
        if self.url.password is not None:
            names = (self.url.username,) if self.url.username else ()
            await connection.command("AUTH", *names, self.url.password)
        if self.url.db:
            await connection.command("SELECT", self.url.db)


# --- TLS and clients of redis-py
def _tls_context(url: RedisUrl) -> ssl.SSLContext | None:
    """Return the context that redis-py makes, so that both kinds of connection use the same one."""
    if url.tls is None:
        return None
    try:
        return SSLConnection(**url.tls).ssl_context.get()
    except (OSError, ValueError) as error:  # from opening a file, or from ssl
        named = ", ".join(
            f"{name}={url.tls[name]}"
            for name in ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
            if name in url.tls
        )
        raise UsageError(
            f"REDIS_URL={url.shown} asks for TLS that cannot be set up"
            f"{f' with {named}' if named else ''}: {error}; correct its options."
        ) from error


def _client(url: RedisUrl, timeouts: Mapping[str, Any]) -> tuple[Redis, Sentinel | None]:
    login = {"username": url.username, "password": url.password, "db": url.db}
    options: dict[str, Any] = {**login, **timeouts, **(url.tls or {})}
    if url.service is not None:
        sentinel = Sentinel(  # type: ignore[no-untyped-call]
            url.hosts, sentinel_kwargs=_sentinel_options(url, timeouts)
        )
        options["ssl"] = url.tls is not None
        return sentinel.master_for(url.service, **options), sentinel
    if url.path is not None:
        pool = ConnectionPool(UnixDomainSocketConnection, path=url.path, **options)
        return Redis.from_pool(pool), None
    host, port = url.hosts[0]
    kind = Connection if url.tls is None else SSLConnection
    return Redis.from_pool(ConnectionPool(kind, host=host, port=port, **options)), None


def _sentinel_options(url: RedisUrl, timeouts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **timeouts,
        "socket_timeout": CONNECT_TIMEOUT_S,
        "username": url.sentinel_username,
        "password": url.sentinel_password,
        "retry": Retry(NoBackoff(), 0),
        **({"ssl": True, **url.tls} if url.tls is not None else {}),
    }


def _cluster_client(url: RedisUrl, timeouts: Mapping[str, Any]) -> RedisCluster:
    """Return a client for the Cluster to which the server in a URL belongs.

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
    host, port = url.hosts[0]
    options: dict[str, Any] = {
        "username": url.username,
        "password": url.password,
        **timeouts,
        **tls,
    }
    return RedisCluster(host=host, port=port, ssl=url.tls is not None, **options)
