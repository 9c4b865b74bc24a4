"""Ingest as a process that reads the benchmarks' feed."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager

from bench.processes import tickfire


def ingesting(
    feed_port: int, redis_url: str, *arguments: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run ingest of the feed at a port, with more arguments; it ends with the context."""
    return tickfire(
        "ingest", "--gateway", f"127.0.0.1:{feed_port}", "--key", "db-benchmark-0123456789",
        "--dataset", "BENCH", "--schemas", "trades", *arguments, REDIS_URL=redis_url,
    )  # fmt: skip
