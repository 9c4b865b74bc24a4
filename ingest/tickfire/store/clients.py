"""Clients of redis-py that follow their keys, each made from a URL.

What redis-py lacks is added here, so that no caller need know of it:

- Errors that are no `RedisError` become a `ConnectionError`: `RedisClusterException`, and the
  `RuntimeError` of a connection that was closed while it was about to be used.
- A command is given up once its key has moved (see `tickfire.store.watch`).
- A Cluster is asked through the first node that answers. redis-py asks one after the other, and
  waits for a node that was suspended until its timeout. The nodes of the URL are always among
  those that are asked, also after all nodes have got other addresses.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

from tickfire.base.errors import UsageError
from tickfire.store.limits import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S
from tickfire.store.url import Host, RedisUrl
from tickfire.store.watch import Watch

NOT_OF_CLUSTERS: Final = ("ssl_ca_path", "ssl_password")
"""TLS options that redis-py's `RedisCluster` does not accept."""
LOOK_TIMEOUT_S: Final = 1.0
"""Maximum time to wait for any node of a Cluster to answer."""
BETTER_ANSWER_S: Final = 0.1
"""Maximum time to wait for a node that knows of no failure, once one has answered that does."""
SENTINEL_TIMEOUT_S: Final = 0.5
"""Maximum time to wait for one Sentinel, before the next one is asked."""
MOST_ASKED: Final = 8
"""Number of nodes of a Cluster that are asked at once, beside those of the URL."""
ATTEMPTS: Final = 3
"""Number of times that a command is sent again to a Cluster before it fails."""

TIMEOUTS: Final[Mapping[str, Any]] = {
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_timeout": REQUEST_TIMEOUT_S,
}


class SingleClient(Redis):
    """Client of a server that stands alone, or of the primary that Sentinels name."""

    watched_by: Watch | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, watched; return its reply."""
        if self.watched_by is None:
            return await self._execute(*args, **options)
        async with self.watched_by.attempt(args[:2]):
            return await self._execute(*args, **options)

    async def _execute(self, *args: Any, **options: Any) -> Any:
        with _as_redis_errors():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


class ClusterClient(RedisCluster):
    """Client of a Cluster; also the `Servers` of its keys.

    Attributes
    ----------
    version : int
    """

    watched_by: Watch | None = None

    def __init__(self, hosts: Sequence[Host], **options: Any) -> None:
        nodes = [ClusterNode(host, port) for host, port in hosts]
        super().__init__(startup_nodes=nodes, retry=Retry(NoBackoff(), ATTEMPTS), **options)
        self._named = dict(self.nodes_manager.startup_nodes)
        self._looking = asyncio.Lock()
        self.version = 0

    # --- redis-py's own
    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command, watched; return its reply."""
        if self.watched_by is None:
            return await self._execute(*args, **kwargs)
        async with self.watched_by.attempt(args[:2]):
            return await self._execute(*args, **kwargs)

    async def _execute(self, *args: Any, **kwargs: Any) -> Any:
        with _as_redis_errors():
            return await super().execute_command(*args, **kwargs)

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> ClusterClient:
        """Ask the Cluster who holds what, if that is in doubt."""
        if self._initialize:
            await self.look()
        return self

    def get_node(
        self, host: str | None = None, port: int | None = None, node_name: str | None = None
    ) -> ClusterNode | None:
        """Return a node; one that was unknown, to which another has redirected, becomes known."""
        node = super().get_node(host, port, node_name)
        if node is None and node_name is not None:
            host, _, number = node_name.rpartition(":")
            node = ClusterNode(host, int(number), **self.connection_kwargs)
            self.nodes_manager.set_nodes(self.nodes_manager.nodes_cache, {node.name: node})
        return node

    async def aclose(self) -> None:
        """Close all connections."""
        self._initialize = True
        manager = self.nodes_manager
        nodes = [self._named, manager.startup_nodes, manager.nodes_cache]
        closing = [node.disconnect() for some in nodes for node in some.values()]
        await asyncio.gather(*closing, return_exceptions=True)

    # --- who holds what
    async def find(self, key: bytes) -> Host:
        """Return the node that holds a key; see `Servers`."""
        await self.initialize()
        node = self.known(key)
        if node is None:
            raise RedisConnectionError(f"no node of the Cluster holds {key.decode()}")
        return node

    def known(self, key: bytes) -> Host | None:
        """Return the node that held a key when last asked; see `Servers`."""
        nodes = self.nodes_manager.slots_cache.get(self.keyslot(key))
        return (str(nodes[0].host), int(nodes[0].port)) if nodes else None

    def doubt(self) -> None:
        """Note that a key may have moved; see `Servers`."""
        self._initialize = True

    async def look(self) -> None:
        """Ask the Cluster who holds what now; see `Servers`."""
        async with self._looking:
            if not self._initialize:
                return  # another caller has just asked
            node = await self._first_to_answer()
            before = self._primaries()
            self.nodes_manager.startup_nodes = {node.name: node}
            with _as_redis_errors():
                await self.nodes_manager.initialize()
                self.commands_parser.node = node
                if not self.commands_parser.commands:
                    await self.commands_parser.initialize()
            self._initialize = False
            if before and self._primaries() != before:
                self.version += 1

    def _primaries(self) -> list[str]:
        slots = self.nodes_manager.slots_cache
        return [slots[slot][0].name for slot in sorted(slots)]

    async def _first_to_answer(self) -> ClusterNode:
        """Return the first node that knows of no failure, or else one that answers at all."""
        others = list(self.nodes_manager.nodes_cache.values())
        asked = {*self._named.values(), *random.sample(others, min(len(others), MOST_ASKED))}
        asking = {asyncio.create_task(node.execute_command("CLUSTER INFO")): node for node in asked}
        try:
            return await _first_whole(asking)
        finally:
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)


async def _first_whole(asking: Mapping[asyncio.Task[Any], ClusterNode]) -> ClusterNode:
    """Return the first node that knows of no failure; if none comes soon, one that answered."""
    waiting, limit_s = set(asking), LOOK_TIMEOUT_S
    answered: ClusterNode | None = None
    failure: BaseException | None = None
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
        )
        for each in done:
            if each.exception() is not None:
                failure = each.exception()
            elif each.result().get("cluster_state") == "ok":
                return asking[each]
            else:
                answered, limit_s = asking[each], BETTER_ANSWER_S
        if not done:
            break
    if answered is None:
        raise RedisConnectionError(f"no node of the Cluster answers: {failure or 'no reply'}")
    return answered


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
        with _as_redis_errors():
            host, port = await pool.get_master_address()  # closes idle connections to another
        if self._known not in (None, (host, port)):
            self.version += 1
        self._known = str(host), int(port)


@contextmanager
def _as_redis_errors() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise RedisConnectionError("the connection was closed") from error


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
