"""Tasks that start at once, and are scheduled only if they suspend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def run_eagerly(
    work: Coroutine[Any, Any, None],
    loop: asyncio.AbstractEventLoop,
    finished: Callable[[asyncio.Task[None]], None] | None = None,
) -> asyncio.Task[None] | None:
    """Run a coroutine immediately, until it first suspends.

    Parameters
    ----------
    work
        The coroutine.
    loop
        The running event loop.
    finished
        Called with the task when it is done, if the coroutine suspends.

    Returns
    -------
    asyncio.Task or None
        The task that runs the rest of the coroutine; None if the coroutine has finished.
    """
    task = asyncio.Task(work, loop=loop, eager_start=True)
    if task.done():
        if not task.cancelled():
            task.result()
        return None
    if finished is not None:
        task.add_done_callback(finished)
    return task
