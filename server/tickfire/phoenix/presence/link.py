"""The link of a presence to those of other nodes: messages out, messages in, and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tickfire.phoenix.core.hub import Cluster
from tickfire.phoenix.presence.replication import Outcome, Replication, Send
from tickfire.phoenix.presence.state import Diff

__all__ = ["Link"]


class Link:
    """Carries what a `Replication` says, while it is open.

    Parameters
    ----------
    topic
        Of the messages between nodes.
    replication
        Says what to send.
    tell
        Told of what changes by others' messages, and by their silence.
    """

    def __init__(self, topic: str, replication: Replication, tell: Callable[[Diff], None]) -> None:
        self._topic = topic
        self._replication = replication
        self._tell = tell
        self._pubsub: Cluster | None = None
        self._nodes: dict[str, str] = {}  # replica: node
        self._outbox: asyncio.Queue[Send] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, pubsub: Cluster) -> None:
        """Begin to speak with other nodes."""
        self._pubsub = pubsub
        pubsub.handle(self._topic, self._receive)
        self._tasks = [
            asyncio.create_task(self._send_all(pubsub)),
            asyncio.create_task(self._tick()),
        ]

    async def close(self) -> None:
        """Say goodbye, and speak no more."""
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is None:
            return
        pubsub.unhandle(self._topic)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for send in self._replication.goodbye():
            await self._send(pubsub, send)

    def send(self, sends: list[Send]) -> None:
        """Send messages to other nodes, if there are any."""
        if self._pubsub is not None:
            for send in sends:
                self._outbox.put_nowait(send)

    # --- out
    async def _send_all(self, pubsub: Cluster) -> None:
        while True:
            await self._send(pubsub, await self._outbox.get())

    async def _send(self, pubsub: Cluster, send: Send) -> None:
        replica, message = send
        to = None if replica is None else self._nodes.get(replica)
        if replica is None or to is not None:
            own = self._replication.state.replica
            await pubsub.send(self._topic, [own, message], to=to)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._apply(self._replication.tick(loop.time()))
            await asyncio.sleep(self._replication.timing.heartbeat_s)

    # --- in
    def _receive(self, node: str, message: Any) -> None:
        replica, content = message
        now_s = asyncio.get_running_loop().time()
        self._nodes[replica] = node
        for other, its_node in list(self._nodes.items()):
            if its_node == node and other != replica:  # an earlier life of that node
                del self._nodes[other]
                self._apply(self._replication.receive(other, ["bye"], now_s))
        self._apply(self._replication.receive(replica, content, now_s))

    def _apply(self, outcome: Outcome) -> None:
        if outcome.diff:
            self._tell(outcome.diff)
        self.send(outcome.sends)
