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
from collections.abc import Awaitable, Callable
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoPermissionError

from tickfire.base.errors import UserError
from tickfire.base.retry import Backoff, retry
from tickfire.store.connection import RedisConnection
from tickfire.store.detect import Found, find_servers, is_certificate_refused, tls_context
from tickfire.store.errors import REDIS_ERRORS, advice_of, is_outage, reason_of
from tickfire.store.limits import CONNECT_TIMEOUT_S, FIRST_RETRY_S, MAX_RETRY_S
from tickfire.store.outage import Outage
from tickfire.store.resp import RespError
from tickfire.store.schema import META_KEY
from tickfire.store.url import Host, RedisUrl
from tickfire.store.watch import Watch

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
        self, url: RedisUrl, found: Found, outage: Outage, tls: ssl.SSLContext | None = None
    ) -> None:
        self.url = url
        self.client: Client = found.client
        self.outage = outage
        self._found = found
        self._servers = found.servers
        self._tls = tls
        self._watch = found.client.watched_by = Watch(outage, found.servers)
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
        tls = tls_context(parsed)
        outage, backoff = Outage(parsed.shown), Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        begin = asyncio.get_running_loop().time()
        while True:
            try:
                store = await cls._opened(parsed, outage, tls)
            except REDIS_ERRORS as error:
                waited_s = asyncio.get_running_loop().time() - begin
                if waited_s >= patience_s or not is_outage(error) or is_certificate_refused(error):
                    raise UserError(
                        f"cannot reach Redis at {parsed.shown}: {reason_of(error)}; "
                        f"{advice_of(error)}."
                    ) from error
                outage.begin(OPENING, error)
                await backoff.pause()
            else:
                outage.end_all()
                return store

    @classmethod
    async def _opened(cls, url: RedisUrl, outage: Outage, tls: ssl.SSLContext | None) -> Store:
        store = cls(url, await find_servers(url), outage, tls)
        try:
            await store.client.exists(META_KEY)  # a server may answer and not serve yet
        except NoPermissionError:
            pass
        except BaseException:
            await store.close()
            raise
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
        await self._found.close()

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

    async def pause(self, backoff: Backoff) -> None:
        """Count a failure, and wait until a key has moved or the next attempt is due."""
        await self._watch.pause(backoff.next_s())

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


def _target_of(error: BaseException, node: Host | None) -> tuple[Host, bool] | None:
    """Return the node to which another has redirected, and whether it wants ASKING."""
    if not isinstance(error, RespError) or error.code not in ("ASK", "MOVED") or node is None:
        return None
    host, _, port = str(error).rpartition(" ")[2].rpartition(":")
    return (host.strip("[]") or node[0], int(port)), error.code == "ASK"
