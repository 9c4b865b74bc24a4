"""Where the streams are: a redis-py client for the few calls, connections of our own for the many.

Works with a standalone server and with a Cluster, told apart by asking. Keys of one shard share a
hash tag, so one connection serves all of them.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection, parse_url

from tickfire.base.errors import UsageError
from tickfire.store.connect import connect, redacted
from tickfire.store.connection import RedisConnection

CONNECT_TIMEOUT_S: Final = 5.0
DEFAULT_PORT: Final = 6379


@dataclass(frozen=True, slots=True)
class Address:
    """How one node is reached.

    `path` is that of a Unix socket; `tls` the keyword arguments of redis-py's SSL options.
    """

    host: str = "localhost"
    port: int = DEFAULT_PORT
    path: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = None
    tls: dict[str, Any] | None = None

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a Redis URL.

        Raises
        ------
        UsageError
            It is not one.
        """
        try:
            options: dict[str, Any] = dict(parse_url(url))
        except ValueError as error:
            raise UsageError(
                f"REDIS_URL={redacted(url)} is not a Redis URL; write redis://host:port/0."
            ) from error
        kind = options.get("connection_class")
        return cls(
            host=options.get("host", "localhost"),
            port=options.get("port", DEFAULT_PORT),
            path=options.get("path") if kind is UnixDomainSocketConnection else None,
            db=int(options.get("db", 0)),
            username=options.get("username"),
            password=options.get("password"),
            tls={k: v for k, v in options.items() if k.startswith("ssl_")}
            if kind is SSLConnection
            else None,
        )

    def at(self, host: str, port: int) -> Address:
        """Return the same for another node of a Cluster."""
        return Address(host, port, None, 0, self.username, self.password, self.tls)


class Store:
    """Connections to one Redis or Cluster.

    Attributes
    ----------
    client : redis.asyncio.Redis or RedisCluster
        For what is not hot: hashes, news, single commands.
    """

    def __init__(self, url: str, client: Redis | RedisCluster) -> None:
        self.url = url
        self.client = client
        self._address = Address.of(url)

    @classmethod
    async def open(cls, url: str) -> Store:
        """Reach Redis and find out what it is.

        Raises
        ------
        UsageError
            The URL is not one of a Redis.
        UserError
            Nothing answers there, or it refuses us.
        """
        return cls(url, await connect(url))

    async def close(self) -> None:
        """Close the client; connections are their owners'."""
        await self.client.aclose()

    async def connect(self, key: bytes) -> RedisConnection:
        """Open a connection to the node that holds a key.

        Raises
        ------
        OSError, TimeoutError, RespError
            It cannot be reached, or it refuses us.
        """
        address = await self._node(key)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            connection = await _dial(address)
            try:
                await _greet(connection, address)
            except BaseException:
                connection.close()
                raise
        return connection

    async def refresh(self) -> None:
        """Learn anew which node holds what: a slot has moved, or a node is gone."""
        if isinstance(self.client, RedisCluster):
            await self.client.aclose()
            await self.client.initialize()

    async def _node(self, key: bytes) -> Address:
        if not isinstance(self.client, RedisCluster):
            return self._address
        await self.client.initialize()
        node = self.client.get_node_from_key(key.decode())
        if node is None:
            raise ConnectionError(f"no node of the Cluster holds {key.decode()}")
        return self._address.at(str(node.host), int(node.port))


async def _dial(address: Address) -> RedisConnection:
    loop = asyncio.get_running_loop()
    if address.path is not None:
        return (await loop.create_unix_connection(RedisConnection, address.path))[1]
    context = None if address.tls is None else _tls(address.tls)
    _, connection = await loop.create_connection(
        RedisConnection, address.host, address.port, ssl=context
    )
    return connection


def _tls(options: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_cert_reqs") in ("none", "optional"):
        context.check_hostname = False
        wanted = options["ssl_cert_reqs"]
        context.verify_mode = ssl.CERT_NONE if wanted == "none" else ssl.CERT_OPTIONAL
    elif str(options.get("ssl_check_hostname", "true")).lower() in ("false", "0", "no"):
        context.check_hostname = False
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context


async def _greet(connection: RedisConnection, address: Address) -> None:
    if address.password is not None:
        names = (address.username,) if address.username else ()
        await connection.command("AUTH", *names, address.password)
    if address.db:
        await connection.command("SELECT", address.db)
