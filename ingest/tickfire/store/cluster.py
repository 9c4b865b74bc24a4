"""`ClusterClient`: redis-py's client of a Cluster, which follows its keys whatever fails.

A Cluster is asked through the first node that answers. redis-py asks one after the other, and waits
for a node that was suspended until its timeout. The nodes of the URL are always among those that
are asked, also after all nodes have got other addresses.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from tickfire.store.errors import as_redis_errors
from tickfire.store.url import Host
from tickfire.store.watched import WatchedCommands

LOOK_TIMEOUT_S: Final = 1.0
"""Maximum time to wait for any node of a Cluster to answer."""
BETTER_ANSWER_S: Final = 0.1
"""Maximum time to wait for a node that knows of no failure, once one has answered that does."""
MOST_ASKED: Final = 8
"""Number of nodes of a Cluster that are asked at once, beside those of the URL."""
ATTEMPTS: Final = 3
"""Number of times that a command is sent again to a Cluster before it fails."""


class ClusterClient(WatchedCommands, RedisCluster):  # type: ignore[misc]  # redis-py's bases disagree
    """Client of a Cluster; also the `Servers` of its keys.

    Attributes
    ----------
    version : int
    """

    def __init__(self, hosts: Sequence[Host], **options: Any) -> None:
        nodes = [ClusterNode(host, port) for host, port in hosts]
        super().__init__(startup_nodes=nodes, retry=Retry(NoBackoff(), ATTEMPTS), **options)
        self._named = dict(self.nodes_manager.startup_nodes)
        self._looking = asyncio.Lock()
        self._ranges: frozenset[tuple[int, int, bytes, int]] = frozenset()
        self._newest = 0  # the greatest epoch of the Cluster that a node has told of
        self.version = 0

    # --- redis-py's own
    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> ClusterClient:
        """Ask the Cluster who holds what, if that is in doubt."""
        if self._initialize:
            await self.look()
        return self

    def get_node(
        self, host: str | None = None, port: int | None = None, node_name: str | None = None
    ) -> ClusterNode | None:
        """Return a node; one that was unknown, to which another has redirected, becomes known."""
        node = super().get_node(host, port, node_name)
        if node is None and node_name is not None:
            host, _, number = node_name.rpartition(":")
            node = ClusterNode(host, int(number), **self.connection_kwargs)
            self.nodes_manager.set_nodes(self.nodes_manager.nodes_cache, {node.name: node})
        return node

    async def aclose(self) -> None:
        """Close all connections."""
        self._initialize = True
        manager = self.nodes_manager
        nodes = [self._named, manager.startup_nodes, manager.nodes_cache]
        closing = [node.disconnect() for some in nodes for node in some.values()]
        await asyncio.gather(*closing, return_exceptions=True)

    # --- who holds what
    async def find(self, key: bytes) -> Host:
        """Return the node that holds a key; see `Servers`."""
        await self.initialize()
        node = self.known(key)
        if node is None:
            raise RedisConnectionError(f"no node of the Cluster holds {key.decode()}")
        return node

    def known(self, key: bytes) -> Host | None:
        """Return the node that held a key when last asked; see `Servers`."""
        nodes = self.nodes_manager.slots_cache.get(self.keyslot(key))
        return (str(nodes[0].host), int(nodes[0].port)) if nodes else None

    def doubt(self) -> None:
        """Note that a key may have moved; see `Servers`."""
        self._initialize = True

    async def look(self) -> None:
        """Ask the Cluster who holds what now; see `Servers`."""
        async with self._looking:
            if not self._initialize:
                return  # another caller has just asked
            node = await self._first_to_answer()
            with as_redis_errors():
                ranges = _ranges(await node.execute_command("CLUSTER SLOTS"))
                if ranges != self._ranges:  # else redis-py's long work is saved
                    self.nodes_manager.startup_nodes = {node.name: node}
                    await self.nodes_manager.initialize()
                    self.version += 1 if self._ranges else 0
                self.commands_parser.node = node
                if not self.commands_parser.commands:
                    await self.commands_parser.initialize()
            self._ranges = ranges
            self._initialize = False

    async def run_ids(self) -> set[bytes]:
        """Return the run ids of the servers that hold keys now.

        Raises
        ------
        REDIS_ERRORS
            One of them does not answer, or the Cluster does not.
        """
        self.doubt()
        await self.look()
        with as_redis_errors():
            about = await asyncio.gather(
                *(node.execute_command("INFO", "server") for node in self.get_primaries())
            )
        return {str(each["run_id"]).encode() for each in about}

    async def _first_to_answer(self) -> ClusterNode:
        """Return the first node that knows of no failure, or else one that answers at all.

        A primary that was suspended takes itself for one until it hears of the failover; it is told
        by its epoch, which is an earlier one.
        """
        others = list(self.nodes_manager.nodes_cache.values())
        asked = {*self._named.values(), *random.sample(others, min(len(others), MOST_ASKED))}
        asking = {asyncio.create_task(node.execute_command("CLUSTER INFO")): node for node in asked}
        try:
            node, self._newest = await _first_whole(asking, self._newest)
        finally:
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        return node


def _ranges(slots: Sequence[Any]) -> frozenset[tuple[int, int, bytes, int]]:
    """Return the first and last slot, and the primary, of each range of slots."""
    return frozenset((first, last, *primary[:2]) for first, last, primary, *_ in slots)


async def _first_whole(
    asking: Mapping[asyncio.Task[Any], ClusterNode], newest: int
) -> tuple[ClusterNode, int]:
    """Return the first node that is in an epoch as new as `newest` and knows of no failure.

    If none comes soon, it is one that answered, of the greatest epoch. With it comes its epoch.
    """
    waiting, limit_s = set(asking), LOOK_TIMEOUT_S
    answered: tuple[ClusterNode, int] | None = None
    failure: BaseException | None = None
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
        )
        for each in done:
            if each.exception() is not None:
                failure = each.exception()
                continue
            about = each.result()
            epoch = int(about.get("cluster_current_epoch", 0))
            if about.get("cluster_state") == "ok" and epoch >= newest:
                return asking[each], epoch
            if answered is None or epoch > answered[1]:
                answered = asking[each], epoch
            limit_s = BETTER_ANSWER_S
        if not done:
            break
    if answered is None:
        raise RedisConnectionError(f"no node of the Cluster answers: {failure or 'no reply'}")
    return answered
