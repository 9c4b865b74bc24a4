"""A Sentinel with a primary and its replica, as real processes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.valkey import Valkey
from tickfire.base.ports import free_port
from tickfire.ingest.redis.server import binary


@contextlib.contextmanager
def one_sentinel(folder: Path) -> Iterator[tuple[int, Valkey, Valkey]]:
    """Run a Sentinel, a primary and its replica; yield the Sentinel's port and both."""
    with contextlib.ExitStack() as stack:
        dumps = ("--dir", str(folder))  # a replica writes a dump
        primary, replica = Valkey("--repl-diskless-sync-delay", "0", *dumps), Valkey(*dumps)
        stack.callback(primary.close)
        stack.callback(replica.close)
        replica.client.replicaof("127.0.0.1", primary.port)
        port = free_port()
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
            "sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n"
        )
        process = subprocess.Popen([binary(), str(config), "--sentinel"], stdout=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield port, primary, replica
