"""`Store`: access to Redis, for every process.

A redis-py client serves single commands; a `RedisConnection` serves the streams, for which redis-py
is too slow. Both are made from the same parsed URL. The server may stand alone, be part of a
Cluster, which is detected, or be a primary that Sentinels name. The keys of one shard share a hash
tag, so one connection serves all of them.

Both follow their keys to the servers that hold them, whatever fails (see `tickfire.store.watch`),
and an outage is logged once for all of them (see `tickfire.store.outage`).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import NoPermissionError

from tickfire.base.errors import UsageError, UserError
from tickfire.base.retry import Backoff, retry
from tickfire.store.clients import (
    ClusterClient,
    SingleClient,
    cluster_client,
    sentinel_client,
    single_client,
)
from tickfire.store.connection import RedisConnection
from tickfire.store.errors import REDIS_ERRORS, is_outage, reason_of
from tickfire.store.limits import CONNECT_TIMEOUT_S, FIRST_RETRY_S, MAX_RETRY_S
from tickfire.store.outage import Outage
from tickfire.store.resp import RespError
from tickfire.store.schema import META_KEY
from tickfire.store.url import Host, RedisUrl
from tickfire.store.watch import Servers, Watch

MAX_REDIRECTIONS: Final = 4
"""Nodes of a Cluster that are tried for a key, each named by the one before."""

OPENING: Final = "opening"
"""The part that fails until Redis has been found."""

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
    outage : Outage
    """

    def __init__(
        self,
        url: RedisUrl,
        client: SingleClient | ClusterClient,
        outage: Outage,
        *,
        servers: Servers | None = None,
        sentinel: Sentinel | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url
        self.client: Client = client
        self.outage = outage
        self._servers = servers
        self._sentinel = sentinel
        self._tls = tls
        self._watch = client.watched_by = Watch(outage, servers)
        self._watching = asyncio.get_running_loop().create_task(self._watch.run())

    @classmethod
    async def open(cls, url: str, *, patience_s: float = 0.0) -> Store:
        """Connect to Redis and find out whether it is a Cluster.

        Parameters
        ----------
        url : str
            See `tickfire.store.url`.
        patience_s : float
            Time for which to try again while Redis is out of reach, in seconds; may be infinite.

        Raises
        ------
        UsageError
            The URL is invalid, or names files that cannot be used.
        UserError
            Redis does not answer in time, or refuses the connection.
        """
        parsed = RedisUrl.parse(url)
        tls = _tls_context(parsed)
        outage, backoff = Outage(parsed.shown), Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        begin = asyncio.get_running_loop().time()
        while True:
            try:
                store = await _opened(parsed, outage, tls)
            except REDIS_ERRORS as error:
                waited_s = asyncio.get_running_loop().time() - begin
                if waited_s >= patience_s or not is_outage(error) or _is_refused(error):
                    raise UserError(
                        f"cannot reach Redis at {parsed.shown}: {reason_of(error)}; "
                        "start it, or correct REDIS_URL."
                    ) from error
                outage.begin(OPENING, error)
                await backoff.pause()
            else:
                outage.end_all()
                return store

    async def __aenter__(self) -> Store:
        """Return the store, which is closed at the end of the context."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the store."""
        await self.close()

    async def close(self) -> None:
        """Close the client; connections made by `connect` stay open."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self.outage.settle(now=True)
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
        return await until_done(lambda: command(self.client), what, logger)

    async def connect(
        self, key: bytes, on_replies: Callable[[], None] | None = None
    ) -> RedisConnection:
        """Open a connection to the server that holds a key, with TLS and AUTH as in the URL.

        It is closed once another server holds the key and this one does not answer.

        Parameters
        ----------
        key : bytes
        on_replies : callable, optional
            Called after each batch of replies; see `RedisConnection`.

        Raises
        ------
        REDIS_ERRORS
            The server cannot be reached, does not serve, or refuses the connection.
        """
        async with self._watch.attempt(key), asyncio.timeout(CONNECT_TIMEOUT_S):
            return await self._connected(key, on_replies)

    async def _connected(
        self, key: bytes, on_replies: Callable[[], None] | None
    ) -> RedisConnection:
        node, asking = await self._node(key), False
        for left in reversed(range(MAX_REDIRECTIONS)):
            connection = await self._dial(
                node,
                lambda: RedisConnection(on_replies, asking=asking),  # noqa: B023
            )
            try:
                await self._greet(connection, key)
            except BaseException as error:
                connection.close()
                target = _target_of(error, node)
                if target is None or self._servers is None or not left:
                    raise
                node, asking = target
                if not asking:
                    self._servers.doubt()
            else:
                break
        self._watch.add(connection, key, node)
        return connection

    async def _node(self, key: bytes) -> Host | None:
        if self._servers is not None:
            return await self._servers.find(key)
        return self.url.hosts[0] if self.url.hosts else None

    async def _dial(
        self, node: Host | None, protocol: Callable[[], RedisConnection]
    ) -> RedisConnection:
        loop = asyncio.get_running_loop()
        if node is None:
            return (await loop.create_unix_connection(protocol, self.url.path))[1]
        return (await loop.create_connection(protocol, *node, ssl=self._tls))[1]

    async def _greet(self, connection: RedisConnection, key: bytes) -> None:
        """Log in, and make sure that the server serves the key."""
        if self.url.password is not None:
            names = (self.url.username,) if self.url.username else ()
            await connection.command("AUTH", *names, self.url.password)
        if self.url.db:
            await connection.command("SELECT", self.url.db)
        try:
            await connection.command("EXISTS", key)
        except RespError as error:
            if error.code != "NOPERM":  # this user may do other things with it
                raise


async def until_done[T](attempt: Callable[[], Awaitable[T]], what: str, log: logging.Logger) -> T:
    """Repeat work until Redis has done it, and return the result.

    An outage is logged by the client itself, other errors by `log`, the first of a row.
    """
    return await retry(
        attempt,
        on=REDIS_ERRORS,
        what=what,
        logger=log,
        backoff=Backoff(FIRST_RETRY_S, MAX_RETRY_S),
        is_told=is_outage,
    )


def is_told_by(client: Client, error: Exception) -> bool:
    """Return whether an error of a client is logged by the store that it belongs to."""
    return getattr(client, "watched_by", None) is not None and is_outage(error)


async def _opened(url: RedisUrl, outage: Outage, tls: ssl.SSLContext | None) -> Store:
    store = await _made(url, outage, tls)
    try:
        await store.client.exists(META_KEY)  # a server may answer and not serve yet
    except NoPermissionError:
        pass
    except BaseException:
        await store.close()
        raise
    return store


async def _made(url: RedisUrl, outage: Outage, tls: ssl.SSLContext | None) -> Store:
    if url.service is not None:
        client, servers, sentinel = sentinel_client(url)
        store = Store(url, client, outage, servers=servers, sentinel=sentinel, tls=tls)
        try:
            is_cluster = await _is_cluster(client)
        except BaseException:
            await store.close()
            raise
        if not is_cluster:
            return store
        await store.close()
    elif not await _any_is_cluster(url):
        host = url.hosts[0] if url.hosts else None
        return Store(url, single_client(url, host), outage, tls=tls)
    cluster = cluster_client(url)
    return Store(url, cluster, outage, servers=cluster, tls=tls)


async def _any_is_cluster(url: RedisUrl) -> bool:
    """Return whether the first server of a URL that answers belongs to a Cluster.

    Raises
    ------
    REDIS_ERRORS
        None answers.
    UsageError
        The URL names several servers, and they belong to none.
    """
    clients = [single_client(url, host) for host in url.hosts or (None,)]
    asking = {asyncio.ensure_future(_is_cluster(client)) for client in clients}
    try:
        failure: BaseException | None = None
        waiting = set(asking)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                failure = each.exception()
                if failure is None:
                    return _checked(url, each.result())
        assert failure is not None
        raise failure
    finally:
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.gather(*(client.aclose() for client in clients))


def _checked(url: RedisUrl, is_cluster: bool) -> bool:
    if not is_cluster and len(url.hosts) > 1:
        raise UsageError(
            f"REDIS_URL={url.shown} names several servers that form no Cluster; name one, or the "
            "Sentinels that know the primary: redis+sentinel://host:port,host:port/service/0."
        )
    return is_cluster


async def _is_cluster(client: SingleClient) -> bool:
    about: Mapping[str, Any] = await client.info("cluster")
    return bool(about.get("cluster_enabled"))


def _is_refused(error: BaseException) -> bool:
    """Return whether a certificate is what keeps the server out of reach."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        cause = cause.__cause__ or cause.__context__
    return False


def _target_of(error: BaseException, node: Host | None) -> tuple[Host, bool] | None:
    """Return the node to which another has redirected, and whether it wants ASKING."""
    if not isinstance(error, RespError) or error.code not in ("ASK", "MOVED") or node is None:
        return None
    host, _, port = str(error).rpartition(" ")[2].rpartition(":")
    return (host.strip("[]") or node[0], int(port)), error.code == "ASK"


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
