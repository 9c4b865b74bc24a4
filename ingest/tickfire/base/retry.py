"""Retries with exponential backoff."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

FIRST_DELAY_S: Final = 0.1
MAX_DELAY_S: Final = 2.0
_MAX_DOUBLINGS: Final = 62


class Backoff:
    """Delays between attempts, doubling from `first_s` up to `max_s`.

    Parameters
    ----------
    first_s, max_s : float
        The first delay and the longest one, in seconds.

    Attributes
    ----------
    failures : int
        Number of failures since the start or the last `reset`.
    """

    __slots__ = ("failures", "first_s", "max_s")

    def __init__(self, first_s: float = FIRST_DELAY_S, max_s: float = MAX_DELAY_S) -> None:
        self.first_s = first_s
        self.max_s = max_s
        self.failures = 0

    def next_s(self) -> float:
        """Count a failure and return the delay before the next attempt, in seconds."""
        doublings = min(self.failures, _MAX_DOUBLINGS)
        self.failures += 1
        return float(min(self.first_s * 2.0**doublings, self.max_s))

    async def pause(self) -> None:
        """Count a failure and sleep until the next attempt is due."""
        await asyncio.sleep(self.next_s())

    def reset(self) -> None:
        """Forget the failures: the next delay is `first_s` again."""
        self.failures = 0


async def retry[T](
    attempt: Callable[[], Awaitable[T]],
    *,
    on: tuple[type[Exception], ...],
    what: str,
    logger: logging.Logger,
    backoff: Backoff | None = None,
    is_told: Callable[[Exception], bool] = lambda error: False,
) -> T:
    """Repeat a call until it succeeds, logging the first failure and the recovery.

    Parameters
    ----------
    attempt : callable
        Makes one attempt each time it is called.
    on : tuple of exception types
        The failures after which another attempt is made; any other exception is raised.
    what : str
        Name of the work, for the log: ``"reading ticks:{1.0}"``.
    logger : logging.Logger
        The caller's logger.
    backoff : Backoff, optional
        Delays between attempts; by default 0.1 s, doubling up to 2 s.
    is_told : callable (Exception)
        Returns whether a failure is logged elsewhere, so that it need not be logged here.

    Returns
    -------
    T
        The result of the first attempt that succeeds.
    """
    backoff, logged = backoff or Backoff(), False
    while True:
        try:
            result = await attempt()
        except on as error:
            if not logged and not is_told(error):
                logged = True
                logger.warning(
                    "%s failed (%s); trying again", what, str(error) or type(error).__name__
                )
            await backoff.pause()
        else:
            if logged:
                logger.info("%s works again", what)
            backoff.reset()
            return result
