"""A real Valkey as a child process on a free port, and a Cluster of two."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.eventually import wait_until
from tickfire.base.ports import free_ports
from tickfire.ingest.redis.server import binary

START_TIMEOUT_S = 60.0
SLOTS = 16384


class Valkey:
    """One server process, which keeps its data in memory alone.

    After `kill`, `start` runs it again, empty, on the same port. A node of a Cluster (`is_node`)
    has a second free port, `bus_port`, on which the nodes talk to one another: the usual one,
    10,000 above its own, may belong to another process or be above 65,535.
    """

    @property
    def pid(self) -> int:
        """The process id of the server, which runs."""
        assert self._process is not None
        return self._process.pid

    def __init__(self, *options: str, is_node: bool = False) -> None:
        self.port, self.bus_port = free_ports(2)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        if is_node:
            options = ("--cluster-enabled", "yes", "--cluster-port", str(self.bus_port), *options)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.client: Any = redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0))
        self.start()

    def start(self, *options: str) -> None:
        """Run the server, with further options for this run."""
        log = tempfile.TemporaryFile()
        self._process = process = subprocess.Popen(
            [
                binary(),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--loglevel",
                "warning",
                *self._options,
                *options,
            ],
            stdout=log,
            stderr=log,
        )

        def answers() -> bool:
            if process.poll() is None:
                return self._answers()
            log.seek(0)
            raise RuntimeError(f"Valkey ended with {process.returncode}: {log.read().decode()}")

        try:
            wait_until(answers, "Valkey answers", START_TIMEOUT_S)
        except BaseException:
            self.kill()  # nobody else knows of the process yet
            raise
        finally:
            log.close()

    def meet(self, other: Valkey) -> None:
        """Introduce this node of a Cluster to another one."""
        self.client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus_port)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.client.connection_pool.disconnect()

    def close(self) -> None:
        self.kill()
        self.client.close()


@contextlib.contextmanager
def two_nodes(folder: Path) -> Iterator[list[Valkey]]:
    """Yield the two nodes of a Cluster, each with half of the slots, once it is whole."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for name in ("a.conf", "b.conf"):
            options = ("--dir", str(folder), "--cluster-config-file", name)
            nodes.append(Valkey(*options, is_node=True))
            stack.callback(nodes[-1].close)
        first, second = nodes
        first.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS // 2 - 1)
        second.client.execute_command("CLUSTER", "ADDSLOTSRANGE", SLOTS // 2, SLOTS - 1)
        first.meet(second)
        wait_until(lambda: all(map(is_whole, nodes)), "the Cluster is whole", START_TIMEOUT_S)
        yield nodes


def is_whole(node: Valkey) -> bool:
    """Return whether a node knows of no failure in its Cluster, and of all slots."""
    info = node.client.execute_command("CLUSTER", "INFO")
    text = info.decode() if isinstance(info, bytes) else str(info)
    return "cluster_state:ok" in text and f"cluster_slots_ok:{SLOTS}" in text
