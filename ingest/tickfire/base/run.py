"""The event loop that the processes run on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


def run_loop[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop, or on asyncio's own loop where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine until it ends, or SIGINT or SIGTERM cancels it.

    Raises
    ------
    Exception
        What it raised; of a group, the first.
    """
    task = asyncio.ensure_future(main)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
