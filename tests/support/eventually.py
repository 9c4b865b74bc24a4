"""Waits for a condition that others bring about, with a timeout and without a fixed sleep."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

POLL_S = 0.01
MAX_POLL_S = 0.1
POLL_SHARE = 0.1
"""Share of the time waited so far after which a condition is looked at again, within the bounds."""
TIMEOUT_S = 60.0


async def eventually(
    holds: Callable[[], bool | Awaitable[bool]],
    what: str | Callable[[], str],
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Return once a condition holds; the event loop runs meanwhile.

    Raises
    ------
    AssertionError
        The condition did not hold within the time; the text names what was waited for, in words
        that a callable finds at the end.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            while not await _value(holds()):  # noqa: ASYNC110  what others do sets no event here
                await asyncio.sleep(_interval(began))
    except TimeoutError:
        words = what if isinstance(what, str) else what()
        raise AssertionError(f"{words}: not within {timeout_s} s") from None


async def _value(result: bool | Awaitable[bool]) -> bool:
    return await result if inspect.isawaitable(result) else result


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Return once a condition holds; for tests without an event loop.

    Raises
    ------
    AssertionError
        The condition did not hold within the time; the text names what was waited for.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() > began + timeout_s:
            raise AssertionError(f"{what}: not within {timeout_s} s")
        time.sleep(_interval(began))


def _interval(began: float) -> float:
    """Return how long to wait before the next look: some conditions cost others the processor."""
    return min(max(POLL_S, (time.monotonic() - began) * POLL_SHARE), MAX_POLL_S)
