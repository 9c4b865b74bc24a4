"""Closing very many connections: not all at once, lest they all come back at once.

Phoenix closes 10,000 at a time, two seconds apart; clients come back at random intervals besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DEFAULT_BATCH_SIZE = 10_000
DEFAULT_INTERVAL_S = 2.0


class Drainer:
    """Spreads closes over time.

    Parameters
    ----------
    batch_size
        How many are closed at once.
    interval_s
        Between batches.
    """

    def __init__(
        self, batch_size: int = DEFAULT_BATCH_SIZE, interval_s: float = DEFAULT_INTERVAL_S
    ) -> None:
        self._batch_size = batch_size
        self._interval_s = interval_s
        self._count = 0

    def drain(self, close: Callable[[], None]) -> None:
        """Call `close` at once if it is of the first batch, else when its batch is due."""
        batch = self._count // self._batch_size
        self._count += 1
        if batch == 0:
            close()
        else:
            asyncio.get_running_loop().call_later(batch * self._interval_s, close)
