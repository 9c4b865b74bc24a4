"""Broadcasts between nodes: a hub's link to the hubs of other processes.

A node delivers to its own subscribers at once, and to other nodes through an `Adapter`. So a
client sees its own broadcast before the reply to the push that caused it, whatever the network
does.
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
    """Counters of one `PubSub`, monotonic."""

    __slots__ = ("dropped", "failed", "published")

    def __init__(self) -> None:
        self.dropped = 0
        """Broadcasts that other nodes did not get because the queue was full."""
        self.failed = 0
        """Broadcasts that other nodes did not get because the adapter raised an exception."""
        self.published = 0
        """Broadcasts handed over to the adapter."""


class _Message(msgspec.Struct, array_like=True, omit_defaults=True):
    """One message from node to node: a broadcast, or a message between parts of the library."""

    node: str
    topic: str
    payload: Any
    event: str | None = None  # None: not a broadcast
    to: str | None = None  # one node alone


class _Outgoing(NamedTuple):
    """A broadcast that waits for the adapter."""

    topic: str
    message: bytes
    published: asyncio.Future[None] | None


class PubSub:
    """A hub's link to the hubs of other nodes.

    Use it as an async context manager, around the life of the application.

    Parameters
    ----------
    hub
        The hub of this node.
    adapter
        Carries messages to other nodes.
    node
        Name of this node, unique in the cluster; random unless given.
    max_queued
        Number of broadcasts that may wait for the adapter; `Hub.broadcast` drops what exceeds it.

    Attributes
    ----------
    hub : Hub
    node : str
    stats : PubSubStats
        How many broadcasts were handed to the adapter, and how many were lost before it.
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
                "broadcasts to other nodes are dropped: %d wait already", self._max_queued
            )

    def publish(self, topic: str, broadcast: bytes) -> Awaitable[None]:
        """Queue a broadcast for the other nodes, however many wait.

        Returns
        -------
        awaitable
            Done when the adapter has taken the broadcast; raises what the adapter raised.
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
        """Publish until nothing waits; no task is scheduled unless the adapter has to wait."""
        try:
            while self._queue:
                await self._publish(self._queue[0])
                self._queue.popleft()
        finally:
            self._is_publishing = False
        if self._is_dropping:
            self._is_dropping = False
            logger.warning("broadcasts to other nodes: %d dropped so far", self.stats.dropped)

    async def _publish(self, outgoing: _Outgoing) -> None:
        topic, message, published = outgoing
        try:
            await self._adapter.publish(topic, message)
        except Exception as error:
            self.stats.failed += 1
            logger.warning("a broadcast on %r does not reach other nodes: %s", topic, error)
            if published is not None and not published.done():
                published.set_exception(error)
                published.exception()  # so that asyncio does not report it a second time
        else:
            self.stats.published += 1
            if published is not None and not published.done():
                published.set_result(None)

    async def _flush(self) -> None:
        """Let the adapter take what waits, within reason."""
        task = self._publishing
        if not self._is_publishing or task is None:
            return
        await asyncio.wait((task,), timeout=FLUSH_TIMEOUT_S)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
            self._give_up()

    def _give_up(self) -> None:
        """Drop everything that waits."""
        self.stats.dropped += len(self._queue)
        logger.warning("%d broadcasts did not reach other nodes before the end", len(self._queue))
        while self._queue:
            published = self._queue.popleft().published
            if published is not None:
                published.cancel()

    # --- between parts of the library
    def handle(self, topic: str, handler: Handler) -> None:
        """Call `handler` for the messages that other nodes `send` on a topic."""
        self._handlers[topic] = handler

    def unhandle(self, topic: str) -> None:
        """Undo `handle`."""
        self._handlers.pop(topic, None)

    async def send(self, topic: str, message: Any, *, to: str | None = None) -> None:
        """Send a message to the handlers of a topic on all other nodes, or on one."""
        await self._adapter.publish(topic, self._encode(_Message(self.node, topic, message, to=to)))

    # --- messages of other nodes
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
            logger.exception("a message of another node could not be delivered")
