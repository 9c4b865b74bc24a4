"""Which kind of server a URL leads to: one that stands alone, a Cluster, or Sentinels' primary."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import Sentinel

from tickfire.base.errors import UsageError
from tickfire.store.clients import SingleClient, cluster_client, sentinel_client, single_client
from tickfire.store.cluster import ClusterClient
from tickfire.store.url import RedisUrl
from tickfire.store.watch import Servers


class Found(NamedTuple):
    """A client of the servers of a URL.

    Attributes
    ----------
    client : SingleClient or ClusterClient
    servers : Servers or None
        None if there is one server alone.
    sentinel : Sentinel or None
    """

    client: SingleClient | ClusterClient
    servers: Servers | None = None
    sentinel: Sentinel | None = None

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        if self.sentinel is not None:
            await self.sentinel.aclose()


async def find_servers(url: RedisUrl) -> Found:
    """Ask the servers of a URL what they are, and return a client.

    Raises
    ------
    REDIS_ERRORS
        None answers, or the one that does refuses.
    UsageError
        The URL does not fit the servers.
    """
    if url.service is not None:
        client, servers, sentinel = sentinel_client(url)
        found = Found(client, servers, sentinel)
        try:
            is_cluster = await _is_cluster(client)
        except BaseException:
            await found.close()
            raise
        if not is_cluster:
            return found
        await found.close()
    elif not await _any_is_cluster(url):
        return Found(single_client(url, url.hosts[0] if url.hosts else None))
    cluster = cluster_client(url)
    return Found(cluster, cluster)


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


def is_certificate_refused(error: BaseException) -> bool:
    """Return whether a certificate is what keeps the server out of reach."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        cause = cause.__cause__ or cause.__context__
    return False


def tls_context(url: RedisUrl) -> ssl.SSLContext | None:
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
