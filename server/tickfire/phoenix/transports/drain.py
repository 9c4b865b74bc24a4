"""Staggered closing of many connections, so that their clients do not all reconnect at once.

Like Phoenix, close 10,000 connections at a time, two seconds apart. Clients also reconnect after
random delays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DEFAULT_BATCH_SIZE = 10_000
DEFAULT_INTERVAL_S = 2.0


class Drainer:
    """Scheduler that closes connections in batches.

    Parameters
    ----------
    batch_size
        Number of connections in a batch.
    interval_s
        Time between batches, in seconds.
    """

    def __init__(
        self, batch_size: int = DEFAULT_BATCH_SIZE, interval_s: float = DEFAULT_INTERVAL_S
    ) -> None:
        self._batch_size = batch_size
        self._interval_s = interval_s
        self._count = 0

    def drain(self, close: Callable[[], None]) -> None:
        """Call `close` at once for the first batch, and later when the batch is due."""
        batch = self._count // self._batch_size
        self._count += 1
        if batch == 0:
            close()
        else:
            asyncio.get_running_loop().call_later(batch * self._interval_s, close)
