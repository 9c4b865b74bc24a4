"""Tasks that begin at once, and exist for the loop only if they have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def run_eagerly(
    work: Coroutine[Any, Any, None],
    loop: asyncio.AbstractEventLoop,
    finished: Callable[[asyncio.Task[None]], None] | None = None,
) -> asyncio.Task[None] | None:
    """Run a coroutine now, up to where it first waits.

    Returns
    -------
    asyncio.Task or None
        The task that does the rest, which calls `finished` when it ends; None if nothing is left.
    """
    task = asyncio.Task(work, loop=loop, eager_start=True)
    if task.done():
        if not task.cancelled():
            task.result()
        return None
    if finished is not None:
        task.add_done_callback(finished)
    return task
