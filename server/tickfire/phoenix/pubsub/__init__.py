"""Broadcasts between nodes: a hub's link to the hubs of other processes.

A node delivers broadcasts to its own subscribers at once, and to other nodes through an `Adapter`.
A client thus receives its own broadcast before the reply to the push that caused it, regardless of
the network.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from tickfire.phoenix.core.eager import run_eagerly
from tickfire.phoenix.core.hub import Handler, Hub
from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.pubsub.adapter import Adapter, Deliver
from tickfire.phoenix.pubsub.memory import MemoryAdapter, MemoryBus

__all__ = ["Adapter", "Deliver", "MemoryAdapter", "MemoryBus", "PubSub", "PubSubStats"]

logger = logging.getLogger(__name__)

DEFAULT_MAX_QUEUED = 10_000  # broadcasts
FLUSH_TIMEOUT_S = 2.0


class PubSubStats:
    """Monotonic counters of one `PubSub`."""

    __slots__ = ("dropped", "failed", "published")

    def __init__(self) -> None:
        self.dropped = 0
        """Broadcasts dropped because the queue was full, or still queued when the link closed."""
        self.failed = 0
        """Broadcasts not published because the adapter raised an exception."""
        self.published = 0
        """Broadcasts taken by the adapter."""


class _Message(msgspec.Struct, array_like=True, omit_defaults=True):
    """A message between nodes: a broadcast, or a message between parts of the library."""

    node: str
    topic: str
    payload: Any
    event: str | None = None  # None if not a broadcast
    to: str | None = None  # None for all nodes


class _Outgoing(NamedTuple):
    """A broadcast waiting for the adapter."""

    topic: str
    message: bytes
    published: asyncio.Future[None] | None


class PubSub:
    """A hub's link to the hubs of other nodes.

    It is an async context manager, to be entered for the lifetime of the application.

    Parameters
    ----------
    hub
        The hub of this node.
    adapter
        Adapter that carries messages to other nodes.
    node
        Name of this node, unique in the cluster; random by default.
    max_queued
        Maximum number of broadcasts waiting for the adapter. `Hub.broadcast` drops those beyond.

    Attributes
    ----------
    hub : Hub
        The hub of this node.
    node : str
        The name of this node.
    stats : PubSubStats
        Counters of published, dropped and failed broadcasts.
    """

    def __init__(
        self,
        hub: Hub,
        adapter: Adapter,
        node: str | None = None,
        *,
        max_queued: int = DEFAULT_MAX_QUEUED,
    ) -> None:
        self.node = secrets.token_urlsafe(9) if node is None else node
        self.hub = hub
        self.stats = PubSubStats()
        self._adapter = adapter
        self._max_queued = max_queued
        self._queue: deque[_Outgoing] = deque()
        self._publishing: asyncio.Task[None] | None = None
        self._is_publishing = False
        self._is_dropping = False
        self._handlers: dict[str, Handler] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Message).decode

    async def __aenter__(self) -> Self:
        await self._adapter.start(self.node, self._deliver)
        self.hub.pubsub = self
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hub.pubsub = None
        await self._flush()
        await self._adapter.stop()

    # --- broadcasts
    def broadcast(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | None = None
    ) -> Awaitable[None]:
        """Send an event to the subscribers of a topic on all nodes; see `Hub.broadcast_async`."""
        return self.hub.broadcast_async(topic, event, payload, exclude=exclude)

    def encode(self, topic: str, event: str, payload: Any) -> bytes:
        """Encode a broadcast for `publish_soon` and `publish`.

        Raises
        ------
        TypeError
            If the payload is neither a JSON value nor bytes.
        """
        return self._encode(_Message(self.node, topic, payload, event))

    def publish_soon(self, topic: str, broadcast: bytes) -> None:
        """Queue a broadcast for the other nodes; drop and count it if the queue is full."""
        if len(self._queue) < self._max_queued:
            self._put(_Outgoing(topic, broadcast, None))
            return
        self.stats.dropped += 1
        if not self._is_dropping:
            self._is_dropping = True
            logger.warning(
                "dropping broadcasts to other nodes: %d are queued already", self._max_queued
            )

    def publish(self, topic: str, broadcast: bytes) -> Awaitable[None]:
        """Queue a broadcast for the other nodes, even if the queue is full.

        Returns
        -------
        awaitable
            Done when the adapter has taken the broadcast; raises the adapter's exceptions.
        """
        published = asyncio.get_running_loop().create_future()
        self._put(_Outgoing(topic, broadcast, published))
        return published

    def _put(self, outgoing: _Outgoing) -> None:
        self._queue.append(outgoing)
        if not self._is_publishing:
            self._is_publishing = True
            self._publishing = run_eagerly(self._publish_all(), asyncio.get_running_loop())

    async def _publish_all(self) -> None:
        """Publish all queued broadcasts; no task is scheduled unless the adapter suspends."""
        try:
            while self._queue:
                await self._publish(self._queue[0])
                self._queue.popleft()
        finally:
            self._is_publishing = False
        if self._is_dropping:
            self._is_dropping = False
            logger.warning(
                "broadcasts to other nodes continue: %d dropped so far", self.stats.dropped
            )

    async def _publish(self, outgoing: _Outgoing) -> None:
        topic, message, published = outgoing
        try:
            await self._adapter.publish(topic, message)
        except Exception as error:
            self.stats.failed += 1
            logger.warning("cannot publish a broadcast on %r to other nodes: %s", topic, error)
            if published is not None and not published.done():
                published.set_exception(error)
                published.exception()  # so that asyncio does not report it a second time
        else:
            self.stats.published += 1
            if published is not None and not published.done():
                published.set_result(None)

    async def _flush(self) -> None:
        """Publish the queued broadcasts, for a limited time."""
        task = self._publishing
        if not self._is_publishing or task is None:
            return
        await asyncio.wait((task,), timeout=FLUSH_TIMEOUT_S)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
            self._give_up()

    def _give_up(self) -> None:
        """Drop all queued broadcasts."""
        self.stats.dropped += len(self._queue)
        logger.warning("dropped %d broadcasts to other nodes at shutdown", len(self._queue))
        while self._queue:
            published = self._queue.popleft().published
            if published is not None:
                published.cancel()

    # --- between parts of the library
    def handle(self, topic: str, handler: Handler) -> None:
        """Call `handler` for each message that other nodes `send` on a topic."""
        self._handlers[topic] = handler

    def unhandle(self, topic: str) -> None:
        """Undo `handle`."""
        self._handlers.pop(topic, None)

    async def send(self, topic: str, message: Any, *, to: str | None = None) -> None:
        """Send a message to the handlers of a topic on all other nodes, or on the node `to`."""
        await self._adapter.publish(topic, self._encode(_Message(self.node, topic, message, to=to)))

    # --- messages from other nodes
    def _deliver(self, data: bytes) -> None:
        try:
            message = self._decode(data)
            if message.to is not None and message.to != self.node:
                return
            if message.event is not None:
                self.hub.local_broadcast(message.topic, message.event, message.payload)
            elif message.topic in self._handlers:
                self._handlers[message.topic](message.node, message.payload)
        except Exception:
            logger.exception("cannot deliver a message from another node")
