"""A real Cluster of three primaries and three replicas, whose nodes a test may kill or suspend."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from tests.support.eventually import wait_until
from tests.support.valkey import SLOTS, Valkey, is_whole

NODE_TIMEOUT_S = 1.0
"""Time after which the nodes take one of them for dead."""
FAILOVER_S = 2 * NODE_TIMEOUT_S + 1.0
"""Time that the Cluster itself may take until a replica has taken over: it suspects after one
timeout, agrees within another, and a replica waits for up to a second before it asks for votes."""
WHOLE_S = 60.0


class Cluster:
    """Six nodes; what they have acknowledged outlives SIGKILL."""

    def __init__(self, nodes: list[Valkey]) -> None:
        self.nodes = nodes
        bounds = [round(SLOTS / 3 * part) for part in range(4)]
        for at, node in enumerate(self.nodes[:3]):
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[at], bounds[at + 1] - 1)
        for at, node in enumerate(self.nodes):
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", at + 1)
            node.meet(self.nodes[0])
        for primary, replica in zip(self.nodes[:3], self.nodes[3:], strict=True):
            wait_until(lambda: self._knows(replica, primary), "a replica knows its primary")  # noqa: B023
            replica.client.execute_command("CLUSTER", "REPLICATE", self.id_of(primary))
        self.wait_whole()

    @property
    def url(self) -> str:
        """A URL that names three of the nodes."""
        return f"redis://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes[:3])}/0"

    def id_of(self, node: Valkey) -> str:
        return str(node.client.execute_command("CLUSTER", "MYID").decode())

    def _knows(self, node: Valkey, other: Valkey) -> bool:
        return self.id_of(other) in _table(node)

    def wait_whole(self) -> None:
        """Wait until every node is there, each primary with a replica that follows it."""

        def whole() -> bool:
            try:
                return all(map(is_whole, self.nodes)) and all(map(_is_linked, self.nodes))
            except redis.RedisError:
                return False

        wait_until(whole, "the Cluster is whole", WHOLE_S)

    def primary_of(self, key: bytes) -> Valkey:
        """Return the node that holds a key, as a node that answers says."""
        slot = key_slot(key)
        for node in self.nodes:
            with contextlib.suppress(redis.RedisError):
                for first, last, primary, *_ in node.client.execute_command("CLUSTER", "SLOTS"):
                    if first <= slot <= last:
                        return next(one for one in self.nodes if one.port == primary[1])
        raise AssertionError(f"no node says who holds {key.decode()}")

    def replica_of(self, primary: Valkey) -> Valkey:
        """Return the replica that follows a primary."""
        for node in self.nodes:
            with contextlib.suppress(redis.RedisError):
                if node.client.info("replication").get("master_port") == primary.port:
                    return node
        raise AssertionError(f"no node follows that on port {primary.port}")

    def wait_failover(self, key: bytes, dead: Valkey) -> float:
        """Wait until another node than `dead` is the primary of a key; return when that was."""
        asked = next(node for node in self.nodes if node is not dead)

        def taken() -> bool:
            slot = key_slot(key)
            for first, last, primary, *_ in asked.client.execute_command("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return bool(primary[1] != dead.port)
            return False

        wait_until(taken, f"another primary of {key.decode()}")
        return time.monotonic()

    def move(self, key: bytes, target: Valkey) -> None:
        """Move the slot of a key, with all its keys, to another primary."""
        for _ in self.move_in_steps(key, target):
            pass

    def move_in_steps(self, key: bytes, target: Valkey) -> Iterator[None]:
        """Move a slot as ``redis-cli --cluster reshard`` does; stop once its keys are moved."""
        slot, source = key_slot(key), self.primary_of(key)
        ids = {node: self.id_of(node) for node in (source, target)}
        target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        while keys := source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.client.execute_command(
                "MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys
            )
        yield
        for node in (target, source):
            node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])


def suspend(node: Valkey) -> None:
    os.kill(node.pid, signal.SIGSTOP)


def resume(node: Valkey) -> None:
    os.kill(node.pid, signal.SIGCONT)


def _table(node: Valkey) -> str:
    reply: Any = node.client.execute_command("CLUSTER", "NODES")
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def _is_linked(node: Valkey) -> bool:
    about = node.client.info("replication")
    if about["role"] == "slave":
        return bool(about["master_link_status"] == "up")
    return int(about["connected_slaves"]) > 0


@contextlib.contextmanager
def six_nodes(folder: Path) -> Iterator[Cluster]:
    """Yield a Cluster of three primaries with a replica each."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(6):
            nodes.append(
                Valkey(
                    *("--dir", str(folder), "--cluster-config-file", f"{number}.conf"),
                    *("--cluster-node-timeout", str(round(NODE_TIMEOUT_S * 1000))),
                    *("--appendonly", "yes", "--appenddirname", f"{number}"),
                    *("--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"),
                    is_node=True,
                )
            )
            stack.callback(nodes[-1].close)
        yield Cluster(nodes)
