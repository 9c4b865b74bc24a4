"""Nodes in one process and one event loop: for tests, and for several servers in a process."""

from __future__ import annotations

import asyncio

from tickfire.phoenix.pubsub.adapter import Deliver

__all__ = ["MemoryAdapter", "MemoryBus"]


class MemoryBus:
    """The message bus shared by the nodes of a cluster within one process."""

    def __init__(self) -> None:
        self.nodes: dict[str, Deliver] = {}


class MemoryAdapter:
    """Carries messages between the nodes of a `MemoryBus`.

    Parameters
    ----------
    bus
        Shared by the nodes.
    """

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._node = ""

    async def start(self, node: str, deliver: Deliver) -> None:
        """Join the bus."""
        self._node = node
        self._bus.nodes[node] = deliver

    async def stop(self) -> None:
        """Leave the bus."""
        self._bus.nodes.pop(self._node, None)

    async def publish(self, topic: str, message: bytes) -> None:
        """Give a message to all other nodes, in the loop's next turn."""
        asyncio.get_running_loop().call_soon(self._carry, message)

    def _carry(self, message: bytes) -> None:
        for node, deliver in list(self._bus.nodes.items()):
            if node != self._node:
                deliver(message)
