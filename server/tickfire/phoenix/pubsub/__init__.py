"""PubSub: the same broadcast from any node to the subscribers of all.

Every node delivers to its own subscribers at once, and to the others through an `Adapter`. So
one's own broadcast still precedes one's reply, whatever the network does.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.subscriber import Subscriber
from tickfire.phoenix.pubsub.adapter import Adapter, Deliver
from tickfire.phoenix.pubsub.memory import MemoryAdapter, MemoryBus

__all__ = ["Adapter", "Deliver", "MemoryAdapter", "MemoryBus", "Message", "PubSub"]

logger = logging.getLogger(__name__)

type Handler = Callable[[str, Any], None]
"""Called with (node that sent it, message)."""


class Message(msgspec.Struct, array_like=True, omit_defaults=True):
    """What goes from node to node: a broadcast, or a message between parts of the library."""

    node: str
    topic: str
    payload: Any
    event: str | None = None  # None: not for channels
    to: str | None = None  # one node alone


class PubSub:
    """A hub's link to the hubs of other nodes.

    Use it as an async context manager, around the life of the application.

    Parameters
    ----------
    hub
        This node's subscribers.
    adapter
        What carries messages to other nodes.
    node
        This node's name, unique in the cluster; random unless given.
    """

    def __init__(self, hub: Hub, adapter: Adapter, node: str | None = None) -> None:
        self.node = secrets.token_urlsafe(9) if node is None else node
        self.hub = hub
        self._adapter = adapter
        self._handlers: dict[str, Handler] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Message).decode

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
        await self._adapter.stop()

    # --- broadcasts
    async def broadcast(
        self, topic: str, event: str, payload: Any, *, exclude: Subscriber | None = None
    ) -> None:
        """Send an event to the subscribers of a topic on all nodes.

        This node's have it before anything is waited for. See `Hub.broadcast`.
        """
        self.hub.broadcast(topic, event, payload, exclude=exclude)
        await self._publish(Message(self.node, topic, payload, event))

    # --- between parts of the library
    def handle(self, topic: str, handler: Handler) -> None:
        """Give the messages that other nodes `send` on a topic to `handler`."""
        self._handlers[topic] = handler

    def unhandle(self, topic: str) -> None:
        """Undo `handle`."""
        self._handlers.pop(topic, None)

    async def send(self, topic: str, message: Any, *, to: str | None = None) -> None:
        """Send a message to the handlers of a topic on all other nodes, or on one."""
        await self._publish(Message(self.node, topic, message, to=to))

    # --- details
    async def _publish(self, message: Message) -> None:
        await self._adapter.publish(message.topic, self._encode(message))

    def _deliver(self, data: bytes) -> None:
        try:
            message = self._decode(data)
            if message.to is not None and message.to != self.node:
                return
            if message.event is not None:
                self.hub.broadcast(message.topic, message.event, message.payload)
            elif message.topic in self._handlers:
                self._handlers[message.topic](message.node, message.payload)
        except Exception:
            logger.exception("a message of another node cannot be delivered")
