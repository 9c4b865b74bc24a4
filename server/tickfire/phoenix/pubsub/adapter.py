"""Interface of adapters, which carry messages between nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Adapter", "Deliver"]

type Deliver = Callable[[bytes], None]
"""Function that handles a message from another node, on the event loop; it does not raise."""


class Adapter(Protocol):
    """Carrier of messages between the nodes of one cluster.

    Every adapter fulfils this contract, which tests/phoenix/pubsub/test_pubsub.py checks:

    - A message reaches every other node that has started and is connected, at most once. It is
      never delivered to the node that sent it.
    - Messages that one node publishes on one topic arrive in the order of publication. There is no
      order across topics or nodes.
    - Messages published while the connection is down may be lost. The adapter reconnects by itself
      and counts the messages that it drops.
    """

    async def start(self, node: str, deliver: Deliver) -> None:
        """Connect, and return when messages from other nodes can be received.

        Parameters
        ----------
        node
            Name of this node, unique in the cluster.
        deliver
            Called with each message from another node.
        """

    async def stop(self) -> None:
        """Disconnect."""

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message to all other nodes; wait only if too many messages are pending."""
