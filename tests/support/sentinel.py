"""A Sentinel with a primary and its replica, as real processes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.eventually import wait_until
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port
from tickfire.ingest.redis.server import binary

DOWN_MS = 1000
"""Time after which the Sentinel takes a server for dead: on a busy machine some answer late."""


@contextlib.contextmanager
def one_sentinel(folder: Path) -> Iterator[tuple[int, Valkey, Valkey]]:
    """Run a Sentinel, a primary and its replica; yield the Sentinel's port and both.

    The replica follows the primary, and the Sentinel knows it: it learns of a replica that comes
    later within ten seconds, and not at all if the primary is gone by then.
    """
    with contextlib.ExitStack() as stack:
        dumps = ("--dir", str(folder))  # a replica writes a dump
        primary, replica = Valkey("--repl-diskless-sync-delay", "0", *dumps), Valkey(*dumps)
        stack.callback(primary.close)
        stack.callback(replica.close)
        replica.client.replicaof("127.0.0.1", primary.port)
        wait_until(lambda: follows(replica), "it replicates")
        port = free_port()
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
            f"sentinel down-after-milliseconds main {DOWN_MS}\n"
            "sentinel failover-timeout main 2000\n"
        )
        process = subprocess.Popen([binary(), str(config), "--sentinel"], stdout=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        sentinel: Any = redis.Redis(port=port, retry=Retry(NoBackoff(), 0))
        stack.callback(sentinel.close)
        wait_until(lambda: knows_replica(sentinel), "the Sentinel knows the replica")
        yield port, primary, replica


def follows(replica: Valkey) -> bool:
    return bool(replica.client.info("replication").get("master_link_status") == "up")


def knows_replica(sentinel: Any) -> bool:
    try:
        found = sentinel.sentinel_slaves("main")
    except redis.RedisError:  # it has yet to start, or to find the primary
        return False
    return any(each["flags"] == "slave" and each["master-link-status"] == "ok" for each in found)
