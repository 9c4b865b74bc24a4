"""A Valkey and its replica, of which one may lack the last writes when it takes over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.valkey import Valkey


class Pair:
    """A primary and its replica.

    Attributes
    ----------
    primary, replica : Valkey
    """

    def __init__(self, primary: Valkey, replica: Valkey) -> None:
        self.primary, self.replica = primary, replica
        replica.client.replicaof("127.0.0.1", primary.port)

    async def part(self) -> None:
        """Let the replica have all that was written so far, and nothing from here on."""
        await eventually(self._are_in_step, "the replica is in step")
        self.replica.client.replicaof("no", "one")

    def _are_in_step(self) -> bool:
        info = self.replica.client.info("replication")
        offset = self.primary.client.info("replication")["master_repl_offset"]
        up = info.get("master_link_status") == "up"
        return up and bool(info["slave_repl_offset"] == offset)

    async def fail_over(self) -> None:
        """Replace the primary, at its own address, by what the replica holds.

        For some time it is a replica itself, which loads its data and refuses writes.
        """
        self.primary.kill()
        self.primary.start("--replicaof", f"127.0.0.1 {self.replica.port}")

        def synchronized() -> bool:
            info = self.primary.client.info("replication")
            return bool(info.get("master_link_status") == "up")

        await eventually(synchronized, "the new primary has the data of the replica")
        self.primary.client.replicaof("no", "one")


@contextlib.contextmanager
def primary_and_replica(folder: Path) -> Iterator[Pair]:
    """Run a primary and its replica."""
    dumps = ("--dir", str(folder))  # a replica writes a dump
    with contextlib.ExitStack() as stack:
        primary, replica = Valkey("--repl-diskless-sync-delay", "0", *dumps), Valkey(*dumps)
        stack.callback(primary.close)
        stack.callback(replica.close)
        yield Pair(primary, replica)
