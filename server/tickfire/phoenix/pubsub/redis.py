"""Adapter for nodes that share a Redis or Valkey (7 or newer), standalone or Cluster.

Topics are hashed to a fixed number of sharded pub/sub channels, and every node subscribes to all of
them. The subscription is thus active before the first join, and a broadcast on a topic without
local subscribers costs only a dictionary lookup. In a Cluster, the channels are spread over its
servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections.abc import Iterable
from typing import Any

import redis.asyncio
from redis.exceptions import NoPermissionError, RedisClusterException, RedisError

from tickfire.phoenix.pubsub.adapter import Deliver

__all__ = ["RedisAdapter"]

logger = logging.getLogger(__name__)

DEFAULT_CHANNELS = 16
MAX_QUEUED = 10_000  # messages
BATCH = 256  # messages in one pipeline
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.05, 2.0
FLUSH_TIMEOUT_S = 2.0
PING_S = 2.0  # of silence until a server is asked whether it is there, and after that

type Client = Any
"""A `redis.asyncio.Redis` or `redis.asyncio.RedisCluster`."""


class _MovedError(Exception):
    """Raised when a channel has moved to another server of the Redis Cluster."""


class RedisAdapter:
    """Adapter that carries messages through Redis.

    Parameters
    ----------
    client
        A `redis.asyncio.Redis` or `redis.asyncio.RedisCluster`, with `decode_responses` off; the
        adapter does not close it.
    namespace
        Prefix of the pub/sub channels; distinguishes clusters that share a Redis.
    channels
        Number of pub/sub channels; must be the same on all nodes.
    log_level
        Level at which outages are logged; lower it in an application that logs them itself.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespace: str = "phx",
        channels: int = DEFAULT_CHANNELS,
        log_level: int = logging.WARNING,
    ) -> None:
        self._client = client
        self._is_cluster = isinstance(client, redis.asyncio.RedisCluster)
        self._channels = [f"{namespace}:{number}" for number in range(channels)]
        self._log_level = log_level
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MAX_QUEUED)
        self._unconfirmed: set[str] = set()
        self._confirmed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._name = b""
        self._is_lost = False  # True once an outage has been logged
        self.dropped = 0
        """Number of messages that could not be sent."""

    async def start(self, node: str, deliver: Deliver) -> None:
        """Subscribe, and return when Redis has confirmed the subscriptions."""
        name = node.encode()
        self._name = bytes((len(name),)) + name
        self._tasks = [
            asyncio.create_task(self._listen(deliver)),
            asyncio.create_task(self._send()),
        ]
        try:
            await self._confirmed.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Send the queued messages, for a limited time, and disconnect."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self._queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def publish(self, topic: str, message: bytes) -> None:
        """Queue a message for Redis; wait while the queue is full."""
        channel = self._channels[zlib.crc32(topic.encode()) % len(self._channels)]
        await self._queue.put((channel, self._name + message))

    # --- sending
    async def _send(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._send_batch(batch)
            except Exception as error:
                self.dropped += len(batch)
                text = "lost %d messages to other nodes: %s"
                logger.log(self._log_level, text, len(batch), error)
                await asyncio.sleep(FIRST_BACKOFF_S)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _send_batch(self, batch: Iterable[tuple[str, bytes]]) -> None:
        if self._is_cluster:
            for channel, message in batch:
                await self._client.execute_command("SPUBLISH", channel, message)
            return
        async with self._client.pipeline(transaction=False) as pipeline:
            for channel, message in batch:
                pipeline.execute_command("SPUBLISH", channel, message)
            await pipeline.execute()

    # --- receiving
    async def _listen(self, deliver: Deliver) -> None:
        """Receive messages until cancelled; reconnect when a connection or channel is lost."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                await self._listen_to_all(deliver)
            except* (RedisError, RedisClusterException, OSError, _MovedError) as errors:
                if not self._is_lost:
                    self._is_lost = True
                    error = errors.exceptions[0]
                    is_forbidden = isinstance(error, NoPermissionError)
                    level = logging.WARNING if is_forbidden else self._log_level
                    logger.log(level, "messages from other nodes do not arrive: %s", error)
            backoff_s = FIRST_BACKOFF_S if self._confirmed.is_set() else backoff_s * 2
            self._confirmed.clear()
            await asyncio.sleep(min(backoff_s, LONGEST_BACKOFF_S))

    async def _listen_to_all(self, deliver: Deliver) -> None:
        self._unconfirmed = set(self._channels)
        if not self._is_cluster:
            await self._listen_to(self._client, self._channels, deliver)
            return
        async with contextlib.AsyncExitStack() as clients, asyncio.TaskGroup() as group:
            for node, channels in await self._by_node():
                client = await clients.enter_async_context(_client_of(node))
                group.create_task(self._listen_to(client, channels, deliver))

    async def _by_node(self) -> list[tuple[Any, list[str]]]:
        """Return the servers of a Redis Cluster, each with the channels that it serves."""
        await self._client.initialize()
        await self._client.nodes_manager.initialize()  # refresh, if `initialize` was called before
        by_name: dict[str, tuple[Any, list[str]]] = {}
        for channel in self._channels:
            node = self._client.get_node_from_key(channel)
            by_name.setdefault(node.name, (node, []))[1].append(channel)
        return list(by_name.values())

    async def _listen_to(self, client: Client, channels: list[str], deliver: Deliver) -> None:
        async with client.pubsub() as pubsub:
            for channel in channels:  # one at a time, because their slots differ
                await pubsub.ssubscribe(channel)
            pinged = False
            while pubsub.subscribed:
                message = await pubsub.get_message(timeout=PING_S)
                if message is not None:
                    pinged = False
                    self._take(message, deliver)
                elif pinged:
                    raise ConnectionError("the server does not answer")
                else:
                    pinged = True
                    await pubsub.ping()
        raise ConnectionError("the subscription has ended")

    def _take(self, message: dict[str, Any], deliver: Deliver) -> None:
        match message["type"]:
            case "smessage":
                data: bytes = message["data"]
                if not data.startswith(self._name):
                    deliver(data[1 + data[0] :])
            case "ssubscribe":
                self._unconfirmed.discard(message["channel"].decode())
                if not self._unconfirmed:
                    self._confirmed.set()
                    if self._is_lost:
                        self._is_lost = False
                        level = min(self._log_level, logging.INFO)
                        logger.log(level, "messages from other nodes arrive again")
            case "sunsubscribe":
                raise _MovedError(message["channel"].decode())


def _client_of(node: Any) -> Client:
    """Return a client for one server of a Redis Cluster."""
    pool = redis.asyncio.ConnectionPool(
        connection_class=node.connection_class, **node.connection_kwargs
    )
    return redis.asyncio.Redis.from_pool(pool)  # closes the pool
