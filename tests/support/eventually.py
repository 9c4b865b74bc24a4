"""Wait for what other processes do, with a timeout and without a fixed sleep."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

POLL_S = 0.01


async def eventually(
    holds: Callable[[], bool | Awaitable[bool]], what: str, timeout_s: float = 20.0
) -> None:
    """Return once a condition holds.

    Raises
    ------
    AssertionError
        It did not within the time; the text says what was waited for.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while not await _value(holds()):  # noqa: ASYNC110  what others do sets no event here
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {timeout_s} s") from None


async def _value(result: bool | Awaitable[bool]) -> bool:
    return await result if inspect.isawaitable(result) else result
