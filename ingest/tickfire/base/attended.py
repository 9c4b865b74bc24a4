"""Signs of life of a process's event loop, to whoever may restart it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from prometheus_client import CollectorRegistry

from tickfire.base.endpoint import Endpoint
from tickfire.base.exposition import Trouble, serving
from tickfire.base.service_manager import READY, STOPPING, WATCHDOG, notify, watchdog_s

INTERVAL_S: Final = 1.0
HUNG_S: Final = 30.0
"""Time for which the event loop has not run after which a process counts as hung."""


class LifeSigns:
    """Signs that the running event loop gives.

    Parameters
    ----------
    clock : callable
        Monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limit_s = watchdog_s()
        self._last_s = clock()

    @property
    def is_hung(self) -> bool:
        """True if the loop has not run for `HUNG_S`; may be asked by another thread."""
        return self._clock() - self._last_s > HUNG_S

    async def run(self) -> None:
        """Give signs, also to the watchdog of a service manager, until cancelled."""
        interval_s = INTERVAL_S if self._limit_s is None else min(INTERVAL_S, self._limit_s / 3)
        while True:
            self._last_s = self._clock()
            if self._limit_s is not None:
                notify(WATCHDOG)
            await asyncio.sleep(interval_s)


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[LifeSigns]:
    """Give signs of life while the context lasts, and tell a service manager of its end."""
    signs = LifeSigns()
    giving = asyncio.create_task(signs.run())
    try:
        yield signs
    finally:
        notify(STOPPING)
        giving.cancel()


@contextlib.asynccontextmanager
async def attended(
    registry: CollectorRegistry, endpoint: Endpoint | None, trouble: Trouble | None = None
) -> AsyncIterator[int | None]:
    """Serve metrics and ``/healthz``, and tell a service manager that the process is ready.

    The parameters are those of `serving`.

    Yields
    ------
    int or None
        The port of the metrics.

    Raises
    ------
    UserError
        As `serving`.
    """
    async with watched() as signs:
        with serving(registry, endpoint, lambda: not signs.is_hung, trouble) as port:
            notify(READY)
            yield port
