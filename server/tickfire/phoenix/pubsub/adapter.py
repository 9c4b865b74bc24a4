"""Interface of the adapters that carry messages between nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Adapter", "Deliver"]

type Deliver = Callable[[bytes], None]
"""Takes a message of another node; called on the event loop, does not raise."""


class Adapter(Protocol):
    """Carries messages between the nodes of one cluster.

    The contract, which tests/phoenix/pubsub/test_pubsub.py holds every adapter to:

    - A message reaches every other node that has started and is connected, at most once. It never
      comes back to the node that sent it.
    - Messages that one node publishes on one topic arrive in the order in which they were
      published. Nothing is promised across topics or across nodes.
    - What is published while the connection is down may be lost; the adapter connects again by
      itself, and counts what it drops.
    """

    async def start(self, node: str, deliver: Deliver) -> None:
        """Connect, and return when messages of other nodes arrive.

        Parameters
        ----------
        node
            This node's name, unique in the cluster.
        deliver
            Is given the messages of other nodes.
        """

    async def stop(self) -> None:
        """Disconnect."""

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message to all other nodes; waits only if too much is on its way already."""
