"""Adapter for nodes in one process and event loop: for tests, or for several servers."""

from __future__ import annotations

import asyncio

from tickfire.phoenix.pubsub.adapter import Deliver

__all__ = ["MemoryAdapter", "MemoryBus"]


class MemoryBus:
    """Message bus shared by the nodes of a cluster within one process."""

    def __init__(self) -> None:
        self.nodes: dict[str, Deliver] = {}


class MemoryAdapter:
    """Adapter that carries messages between the nodes of a `MemoryBus`.

    Parameters
    ----------
    bus
        The bus shared by the nodes.
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
        """Deliver a message to all other nodes, in the next turn of the event loop."""
        asyncio.get_running_loop().call_soon(self._carry, message)

    def _carry(self, message: bytes) -> None:
        for node, deliver in list(self._bus.nodes.items()):
            if node != self._node:
                deliver(message)
